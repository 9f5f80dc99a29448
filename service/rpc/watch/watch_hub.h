// WatchHub serves the watch streams of a server. Thread-safe. It owns the
// streams and one dispatcher thread. The membership, the reader, the counts and
// the stats must outlive it.
//
// There is no queue of messages. Each stream remembers the epoch that was last
// sent to it. When the stream is idle and its ring has a newer epoch, the
// dispatcher sends the change from the one to the other. A stream has at most
// one write in flight. A slow reader skips epochs and does not delay others.
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
#include <optional>
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
#include "service/rpc/store_reader.h"
#include "service/rpc/stream_places.h"
#include "service/rpc/watch/delta_builder.h"
#include "service/rpc/watch/watch_events.h"
#include "service/runtime/mutex.h"
#include "service/runtime/periodic_task.h"

namespace clockwise {

class WatchHub {
 public:
  // `heartbeat`: interval of the heartbeats on an idle stream.
  WatchHub(const Membership& membership, StoreReader& reader,
           const ServingLimits& limits, CallsUnderWay& calls, RpcStats& stats,
           std::chrono::milliseconds heartbeat);
  // All streams must have ended, so the gRPC server must be shut down before.
  ~WatchHub();
  WatchHub(const WatchHub&) = delete;
  WatchHub& operator=(const WatchHub&) = delete;

  // Serves one Watch call from the network `peer`. `admit` checks whether the
  // call may watch a ring. The hub calls it before each message, until gRPC is
  // done with the call.
  using Admission = std::function<absl::Status(const std::string& ring)>;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Open(
      const grpc::ByteBuffer& request, const std::string& peer,
      Admission admit);

  // Reports that `ring` has a new state, or was deleted. Does not block.
  void Wake(const std::string& ring);

  // Ends all present and future streams with UNAVAILABLE. The open streams are
  // asked to reconnect to another server after different delays.
  void Drain();

  WatchFigures Figures() const;

  // Returns the number of open streams on `ring`.
  uint64_t StreamsOf(const std::string& ring) const;

 private:
  class Stream;
  class RefusedStream;
  using StreamPtr = std::shared_ptr<Stream>;
  using Clock = std::chrono::steady_clock;

  // The state of an open stream.
  struct Progress {
    StreamPtr stream;
    WatchPosition position;  // last sent; before that, the client's
    bool started = false;    // a message was sent
    bool writing = false;    // a write is in flight
    bool passed_by = false;  // the dispatcher had something to send meanwhile
    bool broken = false;     // the client has gone
    bool heartbeat_due = false;
    bool awaits = false;                      // DeltaBuilder builds its delta
    std::shared_ptr<const BuiltDelta> built;  // the result
    Clock::time_point sent_at;                // time of the last message
    std::list<uint64_t>::iterator age;        // its position in by_age_
  };

  // Called by streams, on gRPC's threads.
  void OnWritten(uint64_t id, bool ok);
  void OnClientGone(uint64_t id);
  // Makes the dispatcher check stream `id`.
  void Notice(uint64_t id);
  // Parses and checks a request, and adds its stream.
  absl::Status Admit(const grpc::ByteBuffer& request, const std::string& peer,
                     Admission admit, StreamPtr& stream);

  // One pass of the dispatcher. Returns the time of the next one.
  Clock::time_point Dispatch();
  // Returns the streams to check now: the noticed ones, the streams of changed
  // rings, and those whose heartbeat is due. Sets `rings` to the changed rings.
  std::vector<StreamPtr> Collect(std::set<std::string>& rings);
  // Sends `stream` its next message if there is one, or ends the stream.
  void Attend(const StreamPtr& stream);
  // Returns the next message of `stream` and sets `state` to the state to which
  // it leads. Returns nullopt if the message must be built first.
  std::optional<WatchEvent> NextEvent(const StreamPtr& stream,
                                      const WatchPosition& position,
                                      const BuiltDelta* built,
                                      bool heartbeat_due, StatePtr& state);
  // Lets DeltaBuilder build the delta that leads `stream` from `position` to
  // `state`. If too many deltas wait, the stream gets a snapshot.
  void AwaitDelta(const StreamPtr& stream, const StatePtr& state,
                  const WatchPosition& position);
  // Returns the time of the next pass, unless the dispatcher is woken before.
  Clock::time_point NextPass() const;
  // Checks whether `stream`, which is open, may continue. On OK, sets `state`
  // to the ring's newest state. A new stream may continue without a state: the
  // store must be read to find its ring.
  absl::Status MayGoOn(const Stream& stream, StatePtr& state);
  // Returns DRAINING with a random delay for one client.
  absl::Status GoingAway() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // True if this server may be behind the client of a new `stream`: the client
  // knows an epoch (`known`) that is newer than `state`, and the server has not
  // read the store since the stream was opened.
  bool MayBeBehind(const Stream& stream, const WatchPosition& known,
                   const RingState& state) const;
  // Removes a stream that has no write in flight, and finishes its call.
  void End(const StreamPtr& stream, const absl::Status& status);

  const Membership& membership_;
  StoreReader& reader_;
  CallsUnderWay& calls_;
  RpcStats& stats_;
  const std::chrono::milliseconds heartbeat_;
  // Used only by the dispatcher.
  WatchEvents events_;
  std::minstd_rand random_{std::random_device()()};

  mutable Mutex mu_;
  uint64_t last_id_ ABSL_GUARDED_BY(mu_) = 0;
  absl::flat_hash_map<uint64_t, Progress> streams_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::set<uint64_t>> by_ring_ ABSL_GUARDED_BY(mu_);
  StreamPlaces places_ ABSL_GUARDED_BY(mu_);
  // IDs in the order of their last message, oldest first. Heartbeats follow
  // this order.
  std::list<uint64_t> by_age_ ABSL_GUARDED_BY(mu_);
  std::set<uint64_t> noticed_ ABSL_GUARDED_BY(mu_);
  // IDs of streams that wait until this server is not behind their clients.
  std::set<uint64_t> ahead_ ABSL_GUARDED_BY(mu_);
  std::set<std::string> changed_rings_ ABSL_GUARDED_BY(mu_);
  // Changes are not sent before this time, so that one message contains all
  // changes of a burst.
  Clock::time_point next_pass_ ABSL_GUARDED_BY(mu_);
  std::map<std::pair<std::string, std::string>, uint64_t> resyncs_
      ABSL_GUARDED_BY(mu_);
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  DeltaBuilder builder_;
  PeriodicTask dispatcher_;  // last, because it uses the members above
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_WATCH_WATCH_HUB_H_
