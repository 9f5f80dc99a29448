#include "service/rpc/watch/watch_hub.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/rpc/status_mapping.h"
#include "service/rpc/watch/watch_stream.h"
#include "service/rpc/wire.h"

namespace clockwise {
namespace {

// Between two messages of changes to one stream.
constexpr std::chrono::milliseconds kPassGap(10);

}  // namespace

WatchHub::WatchHub(const Membership& membership, const ServingLimits& limits,
                   CallsUnderWay& calls, RpcStats& stats,
                   std::chrono::milliseconds heartbeat)
    : membership_(membership),
      most_(limits.watch_streams),
      most_per_peer_(limits.watch_streams_per_peer),
      calls_(calls),
      stats_(stats),
      heartbeat_(heartbeat),
      dispatcher_([this] { Run(); }) {}

WatchHub::~WatchHub() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  changed_.NotifyAll();
  dispatcher_.join();
}

absl::Status WatchHub::CheckRoom(const std::string& peer) {
  if (streams_.size() >= most_) {
    stats_.Reached(Limit::kWatchStreams);
    return Refusal(v1::ERROR_REASON_LIMIT_REACHED,
                   absl::StrCat("watch streams: there are ", most_,
                                " already; another server may have room"));
  }
  const auto at = by_peer_.find(peer);
  if (at != by_peer_.end() && at->second >= most_per_peer_) {
    stats_.Reached(Limit::kWatchStreamsPerPeer);
    return Refusal(v1::ERROR_REASON_LIMIT_REACHED,
                   absl::StrCat("watch streams: there are ", most_per_peer_,
                                " from this machine already"));
  }
  return absl::OkStatus();
}

absl::Status WatchHub::Admit(const grpc::ByteBuffer& bytes,
                             const std::string& peer, Admission admit,
                             StreamPtr& stream) {
  v1::WatchRequest request;
  if (absl::Status status = ParseRequest(bytes, request); !status.ok()) {
    return status;
  }
  if (absl::Status status = admit(request.ring()); !status.ok()) return status;
  if (auto state = membership_.Find(request.ring()); !state.ok()) {
    return state.status();
  }
  stream = std::make_shared<Stream>(*this, peer, request, std::move(admit));
  MutexLock lock(mu_);
  if (draining_) {
    return Draining();
  }
  if (absl::Status status = CheckRoom(peer); !status.ok()) return status;
  stream->id = ++last_id_;
  stream->self = stream;
  stream->sent_at = Clock::now();
  stream->age = by_age_.insert(by_age_.end(), stream->id);
  streams_[stream->id] = stream;
  by_ring_[stream->ring].insert(stream->id);
  ++by_peer_[peer];
  return absl::OkStatus();
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* WatchHub::Open(
    const grpc::ByteBuffer& request, const std::string& peer, Admission admit) {
  MethodStats& stats = stats_.Of(Method::kWatch);
  stats.CountStarted();
  stats.CountReceived();
  StreamPtr stream;
  if (absl::Status status = Admit(request, peer, std::move(admit), stream);
      !status.ok()) {
    stats.CountHandled(static_cast<size_t>(status.code()));
    return new RefusedStream(calls_, status);
  }
  Notice(stream->id);
  return stream.get();
}

void WatchHub::Notice(uint64_t id) {
  {
    MutexLock lock(mu_);
    noticed_.insert(id);
  }
  changed_.NotifyOne();
}

void WatchHub::Wake(const std::string& ring) {
  {
    MutexLock lock(mu_);
    changed_rings_.insert(ring);
  }
  changed_.NotifyOne();
}

void WatchHub::Drain() {
  {
    MutexLock lock(mu_);
    draining_ = true;
    for (const auto& [id, stream] : streams_) noticed_.insert(id);
  }
  changed_.NotifyOne();
}

WatchFigures WatchHub::Figures() const {
  WatchFigures figures;
  std::map<std::string, uint64_t> newest;
  for (const StatePtr& state : membership_.Rings()) {
    newest[state->name()] = state->epoch;
  }
  MutexLock lock(mu_);
  figures.resyncs = resyncs_;
  for (const auto& [ring, ids] : by_ring_) {
    figures.streams[ring] = ids.size();
    for (const uint64_t id : ids) {
      const Stream& stream = *streams_.at(id);
      const uint64_t epoch = stream.started ? stream.position.epoch : 0;
      if (newest[ring] > epoch) {
        figures.lag_epochs = std::max(figures.lag_epochs, newest[ring] - epoch);
      }
    }
  }
  return figures;
}

bool WatchHub::IsDue(Clock::time_point now, Clock::time_point& until) const {
  if (stopping_ || !noticed_.empty()) return true;
  until = now + std::chrono::hours(1);
  if (!changed_rings_.empty()) until = std::min(until, next_pass_);
  if (!by_age_.empty()) {
    until = std::min(until, streams_.at(by_age_.front())->sent_at + heartbeat_);
  }
  return until <= now;
}

bool WatchHub::Collect(std::vector<StreamPtr>& streams,
                       std::set<std::string>& rings) {
  MutexLock lock(mu_);
  auto now = Clock::now();
  Clock::time_point until;
  while (!IsDue(now, until)) {
    changed_.WaitUntil(mu_, until);
    now = Clock::now();
  }
  if (stopping_ && streams_.empty()) return false;
  std::set<uint64_t> ids;
  ids.swap(noticed_);
  if (!changed_rings_.empty() && now >= next_pass_) {
    rings.swap(changed_rings_);
    next_pass_ = now + kPassGap;
  }
  for (const std::string& ring : rings) {
    if (ring.empty()) ids.insert(ahead_.begin(), ahead_.end());
    const auto at = by_ring_.find(ring);
    if (at != by_ring_.end()) ids.insert(at->second.begin(), at->second.end());
  }
  while (!by_age_.empty()) {
    Stream& oldest = *streams_.at(by_age_.front());
    if (oldest.sent_at + heartbeat_ > now) break;
    ids.insert(oldest.id);
    oldest.heartbeat_due = !oldest.writing;
    // Also when a write is in flight and it gets nothing now: it shall not be
    // found due again and again meanwhile.
    oldest.sent_at = now;
    by_age_.splice(by_age_.end(), by_age_, oldest.age);
  }
  for (const uint64_t id : ids) {
    const auto at = streams_.find(id);
    if (at != streams_.end()) streams.push_back(at->second);
  }
  return true;
}

void WatchHub::Run() {
  std::vector<StreamPtr> streams;
  std::set<std::string> rings;
  while (Collect(streams, rings)) {
    for (const StreamPtr& stream : streams) Attend(stream);
    for (const std::string& ring : rings) {
      if (membership_.Find(ring).ok()) continue;
      events_.Forget(ring);
      MutexLock lock(mu_);
      std::erase_if(resyncs_, [&](const auto& entry) {
        return entry.first.first == ring;
      });
    }
    streams.clear();
    rings.clear();
  }
}

}  // namespace clockwise
