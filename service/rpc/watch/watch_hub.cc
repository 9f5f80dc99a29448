#include "service/rpc/watch/watch_hub.h"

#include <algorithm>
#include <list>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clockwise/v1/placement.pb.h"
#include "service/api/refusal.h"
#include "service/api/validate.h"
#include "service/channel/status_mapping.h"
#include "service/limits.h"
#include "service/ring/layout.h"
#include "service/rpc/request_traits.h"
#include "service/rpc/wire.h"

namespace clockwise {
namespace {

absl::Status MayBeNewer(uint64_t known_epoch, const RingState& state) {
  return Refusal(
      v1::ERROR_REASON_EPOCH_NOT_REACHED,
      absl::StrCat("known_epoch: ", known_epoch, " may be newer than ring ",
                   Quoted(state.name()), " on this server (epoch ", state.epoch,
                   "), which cannot read its store; retry at another server"));
}

// Minimum interval between two messages with changes on one stream.
constexpr std::chrono::milliseconds kPassGap(10);

// Rate at which clients reconnect to other servers when this server drains, and
// bounds of the time in which all of them reconnect.
constexpr size_t kReturningPerSecond = 2'000;
constexpr std::chrono::milliseconds kShortestSpread(100);
constexpr std::chrono::milliseconds kLongestSpread(5'000);

// True if `status` of a repeated check ends an open stream. LIMIT_REACHED does
// not end it: other calls from its machine had too many unknown tokens, so the
// caller cannot be checked for now.
bool IsShutOut(const absl::Status& status) {
  return absl::IsUnauthenticated(status) || absl::IsPermissionDenied(status);
}

}  // namespace

// --- One stream ---

// Stream is the reactor of one Watch call. Only the dispatcher writes to it and
// finishes it; gRPC's threads only report events. Its members do not change
// after Admit, except for in_flight and self. The changing state is in
// Progress, which the hub's lock guards.
//
// Invariants:
// - Progress of a stream exists from Admit to End.
// - Only the dispatcher starts a write and calls End, and only if no write is
// in
//   flight. Therefore a stream cannot end during Attend, and gRPC never
//   receives two operations at once.
// - The Stream object exists until OnDone, through `self`.
class WatchHub::Stream final
    : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  Stream(WatchHub& its_hub, const std::string& its_peer,
         const v1::WatchRequest& request, Admission its_admit)
      : counted(its_hub.calls_),
        hub(its_hub),
        peer(its_peer),
        ring(MeantRing(request.ring())),
        include_moves(request.include_moves()),
        admit(std::move(its_admit)) {}

  void OnWriteDone(bool ok) override { hub.OnWritten(id, ok); }
  void OnCancel() override { hub.OnClientGone(id); }
  void OnDone() override { self.reset(); }  // may destroy the stream

  const CallsUnderWay::Counted counted;
  WatchHub& hub;
  const std::string peer;  // the client's machine
  const std::string ring;
  const bool include_moves;
  const Admission admit;
  const Clock::time_point opened_at = Clock::now();
  uint64_t id = 0;             // set before gRPC knows the stream
  StreamPtr self;              // from Open to OnDone; gRPC has a plain pointer
  grpc::ByteBuffer in_flight;  // used by the write
};

// RefusedStream is the reactor of a call that is rejected at once.
class WatchHub::RefusedStream final
    : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  RefusedStream(CallsUnderWay& calls, const absl::Status& status)
      : counted_(calls) {
    Finish(ToGrpc(status));
  }
  void OnDone() override { delete this; }

 private:
  const CallsUnderWay::Counted counted_;
};

// --- Opening and waking ---

WatchHub::WatchHub(const Membership& membership, const ServingLimits& limits,
                   CallsUnderWay& calls, RpcStats& stats,
                   std::chrono::milliseconds heartbeat)
    : membership_(membership),
      most_(limits.watch_streams),
      most_per_peer_(limits.watch_streams_per_peer),
      calls_(calls),
      stats_(stats),
      heartbeat_(heartbeat),
      dispatcher_([this](const std::stop_token&) { return Dispatch(); }) {}

WatchHub::~WatchHub() {
  dispatcher_.Stop();
  MutexLock lock(mu_);
  assert(streams_.empty() && "gRPC holds pointers to open streams");
}

absl::Status WatchHub::CheckRoom(const std::string& peer) {
  if (streams_.size() >= most_) {
    stats_.Reached(Limit::kWatchStreams);
    return Refusal(v1::ERROR_REASON_LIMIT_REACHED,
                   absl::StrCat(most_,
                                " Watch streams are open already, the maximum "
                                "(--max-watch-streams); retry at another "
                                "server"));
  }
  const auto at = by_peer_.find(peer);
  if (at != by_peer_.end() && at->second >= most_per_peer_) {
    stats_.Reached(Limit::kWatchStreamsPerPeer);
    return Refusal(v1::ERROR_REASON_LIMIT_REACHED,
                   absl::StrCat(most_per_peer_,
                                " Watch streams from this network are open "
                                "already, the maximum "
                                "(--max-watch-streams-per-peer); close one "
                                "first"));
  }
  return absl::OkStatus();
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
  if (auto state = membership_.Find(request.ring()); !state.ok()) {
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
  if (absl::Status status = CheckRoom(peer); !status.ok()) return status;
  stream->id = ++last_id_;
  stream->self = stream;
  Progress& progress = streams_[stream->id];
  progress.stream = stream;
  progress.position = {request.known_incarnation(), request.known_epoch()};
  progress.sent_at = Clock::now();
  progress.age = by_age_.insert(by_age_.end(), stream->id);
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
      const Progress& progress = streams_.at(id);
      const uint64_t epoch = progress.started ? progress.position.epoch : 0;
      if (newest[ring] > epoch) {
        figures.lag_epochs = std::max(figures.lag_epochs, newest[ring] - epoch);
      }
    }
  }
  return figures;
}

// --- The dispatcher: which streams are checked, and when ---
//
// Streams are checked for three reasons: an event on the stream, a change of
// its ring, and a heartbeat that is due. Events are handled at once. Changes
// wait for kPassGap since the last pass with changes.

WatchHub::Clock::time_point WatchHub::NextPass() const {
  MutexLock lock(mu_);
  auto next = PeriodicTask::kWhenWoken;
  if (!changed_rings_.empty()) next = next_pass_;
  if (!by_age_.empty()) {
    next = std::min(next, streams_.at(by_age_.front()).sent_at + heartbeat_);
  }
  return next;
}

std::vector<WatchHub::StreamPtr> WatchHub::Collect(
    std::set<std::string>& rings) {
  // Phase 1: collect noticed streams and streams of changed rings. Only IDs
  // are collected, so each stream is checked once even if it has two reasons.
  std::vector<StreamPtr> streams;
  MutexLock lock(mu_);
  const auto now = Clock::now();
  std::set<uint64_t> ids;
  ids.swap(noticed_);
  if (!changed_rings_.empty() && now >= next_pass_) {
    rings.swap(changed_rings_);
    next_pass_ = now + kPassGap;
  }
  for (const std::string& ring : rings) {
    // "" means that the server has read all rings from the store, so streams
    // that wait in Attend may continue.
    if (ring.empty()) ids.insert(ahead_.begin(), ahead_.end());
    const auto at = by_ring_.find(ring);
    if (at != by_ring_.end()) ids.insert(at->second.begin(), at->second.end());
  }
  // Phase 2: collect the streams whose heartbeat is due. by_age_ is ordered by
  // sent_at, so the first stream that is not due ends the loop.
  while (!by_age_.empty()) {
    Progress& oldest = streams_.at(by_age_.front());
    if (oldest.sent_at + heartbeat_ > now) break;
    ids.insert(oldest.stream->id);
    oldest.heartbeat_due = !oldest.writing;
    // This also applies if a write is in flight, although nothing is sent now.
    // Otherwise the stream would stay due, and the dispatcher would not sleep,
    // until the write is done.
    oldest.sent_at = now;
    by_age_.splice(by_age_.end(), by_age_, oldest.age);
  }
  // Phase 3: get the streams. A noticed stream may have ended meanwhile.
  for (const uint64_t id : ids) {
    const auto at = streams_.find(id);
    if (at != streams_.end()) streams.push_back(at->second.stream);
  }
  return streams;
}

WatchHub::Clock::time_point WatchHub::Dispatch() {
  std::set<std::string> rings;
  for (const StreamPtr& stream : Collect(rings)) Attend(stream);
  for (const std::string& ring : rings) {
    if (membership_.Find(ring).ok()) continue;
    events_.Forget(ring);
    MutexLock lock(mu_);
    std::erase_if(resyncs_,
                  [&](const auto& entry) { return entry.first.first == ring; });
  }
  return NextPass();
}

// --- Sending messages and ending streams ---

absl::Status WatchHub::GoingAway() {
  const auto spread = std::clamp<std::chrono::milliseconds>(
      std::chrono::milliseconds(streams_.size() * 1000 / kReturningPerSecond),
      kShortestSpread, kLongestSpread);
  std::uniform_int_distribution<int64_t> delay(0, spread.count());
  return WithRetryDelay(
      Refusal(v1::ERROR_REASON_DRAINING,
              "this server is draining; reconnect to another server"),
      std::chrono::milliseconds(delay(random_)));
}

absl::Status WatchHub::MayGoOn(const Stream& stream, StatePtr& state) {
  auto found = membership_.Find(stream.ring);
  if (absl::Status status = stream.admit(stream.ring); IsShutOut(status)) {
    return status;
  }
  MutexLock lock(mu_);
  const Progress& progress = streams_.at(stream.id);
  if (progress.broken)
    return absl::CancelledError("the client is no longer connected");
  if (draining_) return GoingAway();
  if (!found.ok()) return found.status();
  state = *std::move(found);
  if (progress.started && progress.position.incarnation != state->incarnation) {
    return Refusal(v1::ERROR_REASON_RING_NOT_FOUND,
                   absl::StrCat("ring ", Quoted(stream.ring),
                                " was deleted and created again; start a new "
                                "Watch"));
  }
  return absl::OkStatus();
}

bool WatchHub::MayBeBehind(const Stream& stream, const WatchPosition& known,
                           const RingState& state) const {
  const bool behind = known.incarnation == state.incarnation
                          ? known.epoch > state.epoch
                          : known.epoch > 0;
  return behind && !(membership_.Confirmed() >= stream.opened_at);
}

void WatchHub::Attend(const StreamPtr& stream) {
  // Phase 1: copy the state. If a write is in flight, OnWritten notices the
  // stream again. Otherwise only this thread changes the copied fields.
  WatchPosition position;
  bool started = false;
  bool heartbeat_due = false;
  {
    MutexLock lock(mu_);
    const auto at = streams_.find(stream->id);
    if (at == streams_.end()) return;
    Progress& progress = at->second;
    if (progress.writing) {
      progress.passed_by = true;
      return;
    }
    position = progress.position;
    started = progress.started;
    heartbeat_due = progress.heartbeat_due;
    progress.heartbeat_due = false;
  }
  // Phase 2: check whether the stream may continue, and get the newest state.
  StatePtr state;
  if (absl::Status status = MayGoOn(*stream, state); !status.ok()) {
    End(stream, status);
    return;
  }
  // Phase 3: if this server may be behind the client, send nothing, because an
  // older epoch would set the client back. Check again after each read of the
  // store, until kMaxEpochWaitSeconds.
  if (!started && MayBeBehind(*stream, position, *state)) {
    if (Clock::now() - stream->opened_at <
        std::chrono::seconds(limits::kMaxEpochWaitSeconds)) {
      MutexLock lock(mu_);
      ahead_.insert(stream->id);
    } else {
      End(stream, MayBeNewer(position.epoch, *state));
    }
    return;
  }
  // Phase 4: build the message, without the lock. A new stream always gets a
  // message, other streams only for a change or a heartbeat.
  const bool newest = position.incarnation == state->incarnation &&
                      position.epoch == state->epoch;
  if (started && newest && !heartbeat_due) return;
  const auto unconfirmed =
      std::chrono::ceil<std::chrono::milliseconds>(membership_.Unconfirmed());
  WatchEvent event =
      events_.Next(state, position, stream->include_moves, unconfirmed);
  // Phase 5: record the new position before the write, because OnWritten may
  // run before StartWrite returns. Then nothing else can start a write.
  {
    MutexLock lock(mu_);
    ahead_.erase(stream->id);
    Progress& progress = streams_.at(stream->id);
    progress.position = {state->incarnation, state->epoch};
    progress.started = true;
    progress.writing = true;
    progress.sent_at = Clock::now();
    by_age_.splice(by_age_.end(), by_age_, progress.age);
    if (*event.resync != '\0') ++resyncs_[{stream->ring, event.resync}];
  }
  stats_.Of(Method::kWatch).CountSent();
  stream->in_flight = event.bytes;
  stream->StartWrite(&stream->in_flight);
}

// Removes the stream from all indexes first. Events that gRPC still reports
// find no Progress and do nothing.
void WatchHub::End(const StreamPtr& stream, const absl::Status& status) {
  {
    MutexLock lock(mu_);
    const auto progress = streams_.find(stream->id);
    by_age_.erase(progress->second.age);
    streams_.erase(progress);
    ahead_.erase(stream->id);
    const auto at = by_ring_.find(stream->ring);
    at->second.erase(stream->id);
    if (at->second.empty()) by_ring_.erase(at);
    const auto peer = by_peer_.find(stream->peer);
    if (--peer->second == 0) by_peer_.erase(peer);
  }
  stats_.Of(Method::kWatch).CountHandled(static_cast<size_t>(status.code()));
  stream->Finish(ToGrpc(status));
}

}  // namespace clockwise
