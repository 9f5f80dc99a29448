// The watch streams of a server. Thread-safe. It owns the streams and one
// dispatcher thread; the membership, the counts and the stats outlive it.
//
// Streams are woken, not fed: each remembers the epoch that it was sent last,
// and when it is idle and its ring has moved on, the dispatcher sends it the
// change from there to the newest epoch. One write is in flight per stream and
// no queue can grow: a slow reader skips epochs, and costs nobody else.
#ifndef CLOCKWISE_SERVICE_RPC_WATCH_WATCH_HUB_H_
#define CLOCKWISE_SERVICE_RPC_WATCH_WATCH_HUB_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "service/membership/membership.h"
#include "service/metrics/rpc_stats.h"
#include "service/rpc/calls_under_way.h"
#include "service/rpc/serving_limits.h"
#include "service/rpc/watch/watch_events.h"
#include "service/runtime/mutex.h"
#include "service/runtime/periodic_task.h"

namespace clockwise {

class WatchHub {
 public:
  // Idle streams get a heartbeat every `heartbeat`.
  WatchHub(const Membership& membership, const ServingLimits& limits,
           CallsUnderWay& calls, RpcStats& stats,
           std::chrono::milliseconds heartbeat);
  // All streams must have ended: the gRPC server is shut down before.
  ~WatchHub();
  WatchHub(const WatchHub&) = delete;
  WatchHub& operator=(const WatchHub&) = delete;

  // Serves one Watch call from the machine `peer`, for as long as `admit` lets
  // it watch the ring that it names: asked before each message, until gRPC is
  // done with the call.
  using Admission = std::function<absl::Status(const std::string& ring)>;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Open(
      const grpc::ByteBuffer& request, const std::string& peer,
      Admission admit);

  // `ring` has a new state, or is gone. Quick.
  void Wake(const std::string& ring);

  // Ends all streams, now and from now on, with UNAVAILABLE. Each is asked to
  // come to another server after a time of its own.
  void Drain();

  WatchFigures Figures() const;

 private:
  class Stream;
  class RefusedStream;
  using StreamPtr = std::shared_ptr<Stream>;
  using Clock = std::chrono::steady_clock;

  // What changes while a stream is open.
  struct Progress {
    StreamPtr stream;
    WatchPosition position;  // what was sent last; before that, what is known
    bool started = false;    // whether anything was sent
    bool writing = false;    // whether a write is in flight
    bool passed_by = false;  // whether there was something to send meanwhile
    bool broken = false;     // whether the client is gone
    bool heartbeat_due = false;
    Clock::time_point sent_at;          // time of the last message
    std::list<uint64_t>::iterator age;  // its place in by_age_
  };

  // Called by streams, on gRPC's threads.
  void OnWritten(uint64_t id, bool ok);
  void OnClientGone(uint64_t id);
  // Lets the dispatcher look at stream `id`.
  void Notice(uint64_t id);
  absl::Status Admit(const grpc::ByteBuffer& request, const std::string& peer,
                     Admission admit, StreamPtr& stream);
  // Whether there may be one more stream, from `peer`.
  absl::Status CheckRoom(const std::string& peer)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // One pass of the dispatcher. Returns the time of the next one.
  Clock::time_point Dispatch();
  // Takes the streams to look at now: those noticed, those of rings that
  // changed, and those whose heartbeat is due. `rings` are those that changed.
  std::vector<StreamPtr> Collect(std::set<std::string>& rings);
  // Sends `stream` what it lacks, or ends it.
  void Attend(const StreamPtr& stream);
  // When a stream must be looked at, unless the dispatcher is woken before.
  Clock::time_point NextPass() const;
  // Checks whether `stream`, which is open, may continue. On OK, sets `state`
  // to the ring's newest state.
  absl::Status MayGoOn(const Stream& stream, StatePtr& state);
  absl::Status GoingAway() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Whether `stream`, to which nothing was sent yet and whose client has seen
  // `known`, knows of more than `state`, and this server has not made sure
  // since that its state is the newest.
  bool MayBeBehind(const Stream& stream, const WatchPosition& known,
                   const RingState& state) const;
  void End(const StreamPtr& stream, const absl::Status& status);

  const Membership& membership_;
  const size_t most_;
  const size_t most_per_peer_;
  CallsUnderWay& calls_;
  RpcStats& stats_;
  const std::chrono::milliseconds heartbeat_;
  // The dispatcher's alone.
  WatchEvents events_;
  std::minstd_rand random_{std::random_device()()};

  mutable Mutex mu_;
  uint64_t last_id_ ABSL_GUARDED_BY(mu_) = 0;
  absl::flat_hash_map<uint64_t, Progress> streams_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::set<uint64_t>> by_ring_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, size_t> by_peer_ ABSL_GUARDED_BY(mu_);
  // Ids in order of their last message, oldest first: whose heartbeat is due.
  std::list<uint64_t> by_age_ ABSL_GUARDED_BY(mu_);
  std::set<uint64_t> noticed_ ABSL_GUARDED_BY(mu_);
  // Ids of streams that wait until this server is sure not to be behind them.
  std::set<uint64_t> ahead_ ABSL_GUARDED_BY(mu_);
  std::set<std::string> changed_rings_ ABSL_GUARDED_BY(mu_);
  // Before then, streams are not told of changes, so that those in a burst come
  // together.
  Clock::time_point next_pass_ ABSL_GUARDED_BY(mu_);
  std::map<std::pair<std::string, std::string>, uint64_t> resyncs_
      ABSL_GUARDED_BY(mu_);
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  PeriodicTask dispatcher_;  // last: it uses what is above
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_WATCH_WATCH_HUB_H_
