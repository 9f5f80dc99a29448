#include "service/rpc/unary_call.h"

#include <algorithm>
#include <utility>

#include "service/limits.h"

namespace clockwise {

std::chrono::steady_clock::time_point AnswerBy(
    const grpc::CallbackServerContext& context) {
  using std::chrono::milliseconds;
  const auto most = std::chrono::hours(1);
  const auto now = std::chrono::system_clock::now();
  auto left = std::chrono::duration_cast<milliseconds>(
      std::chrono::seconds(limits::kMaxEpochWaitSeconds));
  if (context.deadline() < now + std::chrono::hours(24)) {
    left = std::chrono::duration_cast<milliseconds>(
        std::min<std::chrono::system_clock::duration>(context.deadline() - now,
                                                      most));
    left -= std::clamp(left / 10, milliseconds(20), milliseconds(200));
  }
  return std::chrono::steady_clock::now() + left;
}

void UnaryCall::FinishAnswer() const {
  if (budget_ != nullptr) {
    auto lease = budget_->Take(context_->peer(), response_->Length());
    if (!lease.ok()) {
      response_->Clear();
      return Finish(lease.status());
    }
    counted_->Hold(*std::move(lease));
  }
  Finish(absl::OkStatus());
}

}  // namespace clockwise
