// One call of Watch. A read can be given a time, which gRPC's synchronous
// streams cannot. One thread uses it; any may cancel it.
#ifndef CLOCKWISE_CLIENT_LIB_WATCH_CALL_H_
#define CLOCKWISE_CLIENT_LIB_WATCH_CALL_H_

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_stream.h>

#include <memory>

#include "absl/time/time.h"
#include "clockwise/v1/placement.grpc.pb.h"

namespace clockwise::client {

class WatchCall {
 public:
  WatchCall(v1::PlacementService::Stub& stub, const v1::WatchRequest& request);
  // Cancels it.
  ~WatchCall();
  WatchCall(const WatchCall&) = delete;
  WatchCall& operator=(const WatchCall&) = delete;

  // The next message; or how the stream ended, DEADLINE_EXCEEDED when nothing
  // came for `time`, ABORTED when this process stood still meanwhile: what
  // comes now may be old.
  grpc::Status Next(absl::Duration time, v1::WatchResponse* message);

  // Lets Next return, now and from now on.
  void Cancel() { context_.TryCancel(); }

 private:
  enum class Waited { kDone, kSilent, kStoodStill };

  // Whether the operation that was begun succeeded.
  bool Await(absl::Duration time);

  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReader<v1::WatchResponse>> reader_;
  bool started_ = false;
  Waited waited_ = Waited::kDone;
};

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_WATCH_CALL_H_
