// UnaryCall answers one unary call, and counts it. A value; all copies belong
// to the same call, which must be finished exactly once.
#ifndef CLOCKWISE_SERVICE_RPC_UNARY_CALL_H_
#define CLOCKWISE_SERVICE_RPC_UNARY_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <chrono>

#include "absl/status/statusor.h"
#include "service/channel/status_mapping.h"
#include "service/metrics/rpc_stats.h"
#include "service/rpc/byte_budget.h"
#include "service/rpc/calls_under_way.h"
#include "service/rpc/wire.h"

namespace clockwise {

// Returns the latest time at which a call must be answered, so that the answer
// arrives before the client's deadline.
std::chrono::steady_clock::time_point AnswerBy(
    const grpc::CallbackServerContext& context);

class UnaryCall {
 public:
  // All four must outlive the call. `start` is the time at which it arrived.
  UnaryCall(grpc::CallbackServerContext* context,
            grpc::ServerUnaryReactor* reactor, grpc::ByteBuffer* response,
            MethodStats* stats, std::chrono::steady_clock::time_point start)
      : context_(context),
        reactor_(reactor),
        response_(response),
        stats_(stats),
        start_(start) {
    stats_->CountStarted();
  }

  // The same. Also takes the memory of a large answer from `budget`; without
  // room, the call ends with OVERLOADED.
  UnaryCall(grpc::CallbackServerContext* context,
            CallsUnderWay::UnaryReactor* reactor, grpc::ByteBuffer* response,
            MethodStats* stats, std::chrono::steady_clock::time_point start,
            ByteBudget* budget)
      : UnaryCall(context, reactor, response, stats, start) {
    counted_ = reactor;
    budget_ = budget;
  }

  grpc::CallbackServerContext* context() const { return context_; }
  // Returns clockwise::AnswerBy. Call it before Finish.
  std::chrono::steady_clock::time_point AnswerBy() const {
    return clockwise::AnswerBy(*context_);
  }

  // Sends the answer. The call must not be used afterwards.
  template <typename Response>
  void Finish(const absl::StatusOr<Response>& answer) const {
    if (!answer.ok()) return Finish(answer.status());
    *response_ = Serialize(*answer);
    FinishAnswer();
  }
  void Finish(const absl::StatusOr<grpc::Slice>& answer) const {
    if (!answer.ok()) return Finish(answer.status());
    *response_ = grpc::ByteBuffer(&*answer, 1);
    FinishAnswer();
  }
  void Finish(const absl::Status& status) const {
    Count(status);
    reactor_->Finish(ToGrpc(status));
  }

 private:
  void FinishAnswer() const;
  void Count(const absl::Status& status) const {
    stats_->CountHandled(static_cast<size_t>(status.code()));
    stats_->handling.Observe(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start_)
            .count());
  }

  grpc::CallbackServerContext* context_;
  grpc::ServerUnaryReactor* reactor_;
  grpc::ByteBuffer* response_;
  MethodStats* stats_;
  std::chrono::steady_clock::time_point start_;
  CallsUnderWay::UnaryReactor* counted_ = nullptr;
  ByteBudget* budget_ = nullptr;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_UNARY_CALL_H_
