// LocateStreams serves the LocateStream calls of a server. Thread-safe. It owns
// the streams and one thread. The handler, the gate, the counts and the stats
// must outlive it.
//
// A stream answers its requests one after the other. While an answer is being
// written, the stream computes the next one, but reads no further request. A
// client that does not read thus uses the memory of two answers, which is taken
// from the budget; the stream ends with OVERLOADED if there is none.
//
// The caller's role is checked for each request, and for open streams at the
// same interval as the heartbeats of a Watch.
#ifndef CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_STREAMS_H_
#define CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_STREAMS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "service/metrics/rpc_stats.h"
#include "service/rpc/access_gate.h"
#include "service/rpc/calls_under_way.h"
#include "service/rpc/locate/locate_handler.h"
#include "service/rpc/serving_limits.h"
#include "service/rpc/stream_places.h"
#include "service/runtime/mutex.h"
#include "service/runtime/periodic_task.h"

namespace clockwise {

class LocateStreams {
 public:
  using Reactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;

  // Counts the streams that it rejects because of `limits`.
  LocateStreams(LocateHandler& handler, ByteBudget& budget,
                const AccessGate& gate, const ServingLimits& limits,
                CallsUnderWay& calls, RpcStats& stats,
                std::chrono::milliseconds between_checks);

  // Serves one LocateStream call.
  Reactor* Open(grpc::CallbackServerContext* context);

  // Ends all present and future streams with UNAVAILABLE. A stream first writes
  // the answers to the requests that it has read.
  void Drain();

 private:
  class Stream;
  using StreamPtr = std::shared_ptr<Stream>;

  // Adds the stream. DRAINING, LIMIT_REACHED.
  absl::Status Admit(const StreamPtr& stream);
  std::vector<StreamPtr> OpenStreams();
  // Removes a stream that has ended with `status`.
  void Forget(const StreamPtr& stream, const absl::Status& status);

  LocateHandler& locate_handler_;
  ByteBudget& budget_;
  const AccessGate& gate_;
  CallsUnderWay& calls_;
  RpcStats& stats_;
  Mutex mu_;
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  StreamPlaces places_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_set<StreamPtr> streams_ ABSL_GUARDED_BY(mu_);
  PeriodicTask checks_;  // last, because it uses the members above
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_STREAMS_H_
