#include "service/rpc/watch/watch_hub.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clockwise/v1/placement.pb.h"
#include "service/api/refusal.h"
#include "service/rpc/watch/watch_stream.h"
#include "service/rpc/wire.h"

namespace clockwise {

// --- Opening and waking ---

WatchHub::WatchHub(const Membership& membership, StoreReader& reader,
                   const ServingLimits& limits, CallsUnderWay& calls,
                   RpcStats& stats, std::chrono::milliseconds heartbeat)
    : membership_(membership),
      reader_(reader),
      calls_(calls),
      stats_(stats),
      heartbeat_(heartbeat),
      events_(heartbeat),
      places_({"Watch", "--max-watch-streams", limits.watch_streams,
               limits.watch_streams_per_peer, Limit::kWatchStreams,
               Limit::kWatchStreamsPerPeer},
              stats),
      dispatcher_([this](const std::stop_token&) { return Dispatch(); }) {}

WatchHub::~WatchHub() {
  dispatcher_.Stop();
  builder_.Stop();
  MutexLock lock(mu_);
  assert(streams_.empty() && "gRPC holds pointers to open streams");
}

absl::Status WatchHub::Admit(const grpc::ByteBuffer& bytes,
                             const std::string& peer, Admission admit,
                             StreamPtr& stream) {
  // Phase 1: check the request, the caller and the ring. The check comes before
  // the look-up of the ring, so that a caller without a role cannot find out
  // which rings exist.
  v1::WatchRequest request;
  if (absl::Status status = ParseRequest(bytes, request); !status.ok()) {
    return status;
  }
  if (absl::Status status = admit(request.ring()); !status.ok()) return status;
  if (auto state = membership_.Find(request.ring());
      !state.ok() && !membership_.MayBeUnseen(state.status())) {
    return state.status();
  }
  // Phase 2: add the stream, under one lock with the checks, so that the limits
  // hold and no stream is added after Drain. Afterwards, all indexes contain
  // the stream. Its position is the state that the client already has.
  stream = std::make_shared<Stream>(*this, peer, request, std::move(admit));
  MutexLock lock(mu_);
  if (draining_) {
    return Draining();
  }
  if (absl::Status status = places_.Take(peer); !status.ok()) return status;
  stream->id = ++last_id_;
  stream->self = stream;
  Progress& progress = streams_[stream->id];
  progress.stream = stream;
  progress.position = {request.known_incarnation(), request.known_epoch()};
  progress.sent_at = Clock::now();
  progress.age = by_age_.insert(by_age_.end(), stream->id);
  by_ring_[stream->ring].insert(stream->id);
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
  dispatcher_.Wake();
}

// The dispatcher skips a stream while a write is in flight. If it has skipped
// this one (`passed_by`), or if the write has failed, it must check the stream
// again now.
void WatchHub::OnWritten(uint64_t id, bool ok) {
  {
    MutexLock lock(mu_);
    const auto at = streams_.find(id);
    if (at == streams_.end()) return;
    Progress& progress = at->second;
    progress.writing = false;
    progress.broken = progress.broken || !ok;
    if (!progress.broken && !progress.passed_by) return;
    progress.passed_by = false;
  }
  Notice(id);
}

void WatchHub::OnClientGone(uint64_t id) {
  {
    MutexLock lock(mu_);
    const auto at = streams_.find(id);
    if (at == streams_.end()) return;
    at->second.broken = true;
  }
  Notice(id);
}

void WatchHub::Wake(const std::string& ring) {
  {
    MutexLock lock(mu_);
    changed_rings_.insert(ring);
  }
  dispatcher_.Wake();
}

void WatchHub::Drain() {
  {
    MutexLock lock(mu_);
    draining_ = true;
    for (const auto& [id, progress] : streams_) noticed_.insert(id);
  }
  dispatcher_.Wake();
}

uint64_t WatchHub::StreamsOf(const std::string& ring) const {
  MutexLock lock(mu_);
  const auto at = by_ring_.find(ring);
  return at == by_ring_.end() ? 0 : at->second.size();
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
    if (!newest.contains(ring))
      continue;  // the streams of a ring not found yet
    figures.streams[ring] = ids.size();
    for (const uint64_t id : ids) {
      const Progress& progress = streams_.at(id);
      const uint64_t epoch = progress.started ? progress.position.epoch : 0;
      if (newest[ring] > epoch) {
        figures.lag_epochs = std::max(figures.lag_epochs, newest[ring] - epoch);
      }
    }
  }
  return figures;
}

}  // namespace clockwise
