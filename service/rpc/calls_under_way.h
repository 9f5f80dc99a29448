// CallsUnderWay counts the calls whose answers gRPC has not sent yet, so that a
// server can exit as soon as there are none. Thread-safe, without locks. It
// must outlive the calls.
//
// gRPC calls OnDone of a reactor after it has sent the status of the call, or
// can no longer send it. After Finish() alone, the bytes may still be queued.
#ifndef CLOCKWISE_SERVICE_RPC_CALLS_UNDER_WAY_H_
#define CLOCKWISE_SERVICE_RPC_CALLS_UNDER_WAY_H_

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstdint>
#include <utility>

#include "service/rpc/byte_budget.h"

namespace clockwise {

class CallsUnderWay {
 public:
  // Counts one call from construction to destruction.
  class Counted {
   public:
    explicit Counted(CallsUnderWay& calls) : calls_(calls) { ++calls_.count_; }
    ~Counted() { --calls_.count_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

   private:
    CallsUnderWay& calls_;
  };

  // Counts a unary call until its OnDone. gRPC owns it. It costs an allocation
  // and a change of threads, which gRPC's default reactor does not.
  class UnaryReactor final : public grpc::ServerUnaryReactor {
   public:
    explicit UnaryReactor(CallsUnderWay& calls) : counted_(calls) {}
    // Keeps the memory of the answer counted until OnDone. Call it before
    // Finish.
    void Hold(ByteBudget::Lease lease) { answer_ = std::move(lease); }
    void OnDone() override { delete this; }

   private:
    const Counted counted_;
    ByteBudget::Lease answer_;
  };

  int64_t count() const { return count_; }

 private:
  std::atomic<int64_t> count_ = 0;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_CALLS_UNDER_WAY_H_
