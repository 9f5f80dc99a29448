// WatchCall is one call of Watch. Its reads can have a timeout, unlike those of
// gRPC's synchronous streams. Thread-compatible, but any thread may call
// Cancel.
#ifndef CLOCKWISE_CLIENT_LIB_WATCH_CALL_H_
#define CLOCKWISE_CLIENT_LIB_WATCH_CALL_H_

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_stream.h>

#include <cstdint>
#include <memory>

#include "absl/time/time.h"
#include "clockwise/v1/placement.grpc.pb.h"

namespace clockwise::client {

// Returns the time after which a stream without a message is dead: three of the
// server's heartbeats, but at least the shorter of 3 s and `unknown`. `unknown`
// is the limit while the interval is not known (`heartbeat_ms` 0).
absl::Duration SilenceLimit(absl::Duration unknown, uint32_t heartbeat_ms);

class WatchCall {
 public:
  // `wait_for_ready`: the call waits until a server is connected. Else it fails
  // at once if the connection fails.
  WatchCall(v1::PlacementService::Stub& stub, const v1::WatchRequest& request,
            bool wait_for_ready);
  // Cancels the call.
  ~WatchCall();
  WatchCall(const WatchCall&) = delete;
  WatchCall& operator=(const WatchCall&) = delete;

  // Reads the next message. On failure, returns the status with which the
  // stream ended. DEADLINE_EXCEEDED: no message arrived within `time`. ABORTED:
  // this process was suspended meanwhile, so messages may be old.
  grpc::Status Next(absl::Duration time, v1::WatchResponse* message);

  // Makes the present and all later calls of Next return.
  void Cancel() { context_.TryCancel(); }

 private:
  enum class Waited { kDone, kSilent, kStoodStill };

  // Waits for the started operation. Returns true if it succeeded.
  bool Await(absl::Duration time);

  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReader<v1::WatchResponse>> reader_;
  bool started_ = false;
  Waited waited_ = Waited::kDone;
};

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_WATCH_CALL_H_
