// CallsUnderWay counts the calls whose answers gRPC has not sent yet, so that a
// server can end as soon as there are none. Thread-safe, without locks; it
// outlives what it counts.
//
// gRPC calls a reactor's OnDone once the status of its call has left, or can no
// longer be sent. Finish() alone says nothing: the bytes may still be queued.
#ifndef CLOCKWISE_SERVICE_RPC_CALLS_UNDER_WAY_H_
#define CLOCKWISE_SERVICE_RPC_CALLS_UNDER_WAY_H_

#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstdint>

namespace clockwise {

class CallsUnderWay {
 public:
  // From the construction of this to its destruction a call is under way.
  class Counted {
   public:
    explicit Counted(CallsUnderWay& calls) : calls_(calls) { ++calls_.count_; }
    ~Counted() { --calls_.count_; }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

   private:
    CallsUnderWay& calls_;
  };

  // A unary call, until gRPC is done with it. Owned by gRPC. Unlike the default
  // reactor it costs an allocation and a change of threads.
  class UnaryReactor final : public grpc::ServerUnaryReactor {
   public:
    explicit UnaryReactor(CallsUnderWay& calls) : counted_(calls) {}
    void OnDone() override { delete this; }

   private:
    const Counted counted_;
  };

  int64_t count() const { return count_; }

 private:
  std::atomic<int64_t> count_ = 0;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_CALLS_UNDER_WAY_H_
