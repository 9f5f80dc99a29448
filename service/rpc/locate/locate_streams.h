// The LocateStream calls of a server. Thread-safe. It owns the streams; the
// handler, the counts and the stats outlive it.
//
// A stream answers one request after another. While an answer is written, the
// next is worked out, and then no more is read: a client that does not read
// its answers costs two of them.
#ifndef CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_STREAMS_H_
#define CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_STREAMS_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "service/metrics/rpc_stats.h"
#include "service/rpc/calls_under_way.h"
#include "service/rpc/locate/locate_handler.h"
#include "service/runtime/mutex.h"

namespace clockwise {

class LocateStreams {
 public:
  using Reactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;

  // At most `most` are open; how often more would be is counted.
  LocateStreams(LocateHandler& handler, size_t most, CallsUnderWay& calls,
                RpcStats& stats)
      : locate_handler_(handler), most_(most), calls_(calls), stats_(stats) {}

  // Serves one LocateStream call.
  Reactor* Open(grpc::CallbackServerContext* context);

  // Ends all streams, now and from now on, with UNAVAILABLE: each once the
  // answers to what it has read are written.
  void Drain();

 private:
  class Stream;
  using StreamPtr = std::shared_ptr<Stream>;

  // OK, or why there can be no such stream.
  absl::Status Admit(const StreamPtr& stream);
  // The stream is over.
  void Forget(const StreamPtr& stream, const absl::Status& status);

  LocateHandler& locate_handler_;
  const size_t most_;
  CallsUnderWay& calls_;
  RpcStats& stats_;
  Mutex mu_;
  bool draining_ ABSL_GUARDED_BY(mu_) = false;
  absl::flat_hash_set<StreamPtr> streams_ ABSL_GUARDED_BY(mu_);
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_STREAMS_H_
