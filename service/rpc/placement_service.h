// PlacementServiceHandlers serves PlacementService. Its thin handlers parse and
// check a request, call membership/ and convert the result. They are generated
// from the table of methods (service/api/methods.h). Thread-safe. It owns the
// work queues, the waiters and the watch hub. The objects that the constructor
// receives by reference or pointer must outlive it.
#ifndef CLOCKWISE_SERVICE_RPC_PLACEMENT_SERVICE_H_
#define CLOCKWISE_SERVICE_RPC_PLACEMENT_SERVICE_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clockwise/v1/placement.grpc.pb.h"
#include "service/access/audit_log.h"
#include "service/api/methods.h"
#include "service/membership/membership.h"
#include "service/metrics/rpc_stats.h"
#include "service/rpc/access_gate.h"
#include "service/rpc/calls_under_way.h"
#include "service/rpc/deadlines.h"
#include "service/rpc/epoch_waiters.h"
#include "service/rpc/locate/locate_handler.h"
#include "service/rpc/locate/locate_streams.h"
#include "service/rpc/queued_call.h"
#include "service/rpc/requests.h"
#include "service/rpc/server_status.h"
#include "service/rpc/store_reader.h"
#include "service/rpc/unary_call.h"
#include "service/rpc/watch/watch_hub.h"
#include "service/runtime/work_queue.h"

namespace clockwise {

// The service with a raw handler for each method of the table (see wire.h).
template <typename Base, template <typename> typename... Raw>
struct RawMethods;
template <typename Base>
struct RawMethods<Base> {
  using Type = Base;
};
template <typename Base, template <typename> typename First,
          template <typename> typename... Rest>
struct RawMethods<Base, First, Rest...> {
  using Type = First<typename RawMethods<Base, Rest...>::Type>;
};

#define CLOCKWISE_ROW(name, type, role, scope, queue, audit) \
  , v1::PlacementService::WithRawCallbackMethod_##name
using RawPlacementService =
    RawMethods<v1::PlacementService::Service CLOCKWISE_METHODS(
        CLOCKWISE_ROW)>::Type;
#undef CLOCKWISE_ROW

class PlacementServiceHandlers final : public RawPlacementService {
 public:
  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;
  using Reactor = grpc::ServerUnaryReactor;

  // Registers itself as the listener of the membership, until it is destroyed.
  // `audit` may be null, which means that there is no audit log.
  PlacementServiceHandlers(Membership& membership, RpcStats& stats,
                           const ServingLimits& limits, const AccessGate& gate,
                           AuditLog* audit, ServerFacts facts,
                           std::chrono::milliseconds heartbeat);
  ~PlacementServiceHandlers() override;

  // A handler for each method of the table.
#define CLOCKWISE_DECLARE_Unary(name) \
  Reactor* name(Context*, const Bytes*, Bytes*) override;
#define CLOCKWISE_DECLARE_ServerStream(name) \
  grpc::ServerWriteReactor<Bytes>* name(Context*, const Bytes*) override;
#define CLOCKWISE_DECLARE_BidiStream(name) \
  grpc::ServerBidiReactor<Bytes, Bytes>* name(Context*) override;
#define CLOCKWISE_ROW(name, type, role, scope, queue, audit) \
  CLOCKWISE_DECLARE_##type(name)
  CLOCKWISE_METHODS(CLOCKWISE_ROW)
#undef CLOCKWISE_ROW
#undef CLOCKWISE_DECLARE_BidiStream
#undef CLOCKWISE_DECLARE_ServerStream
#undef CLOCKWISE_DECLARE_Unary

  // Reports from now on, in GetStatus, that this server is draining.
  void EnterLameDuck() { draining_ = true; }
  bool draining() const { return draining_; }

  // Ends streams and waiting calls, and rejects all later calls, with
  // UNAVAILABLE.
  void Drain();
  // Ends all queued calls that have no answer yet, as at their deadlines.
  void ExpireQueuedCalls() { deadlines_.ExpireAll(); }

  // Returns the number of calls whose answers gRPC has not sent yet. Small
  // look-ups are not counted: gRPC's threads answer them when they arrive.
  int64_t calls_under_way() const { return calls_.count(); }

  WatchFigures Figures() const { return watch_.Figures(); }
  // Returns the answer of GetStatus for a caller that may read the rings for
  // which `readable` returns true. Without `sees_store`, it names only the kind
  // of the store: not its address, no reason of distrust, and no servers.
  v1::GetStatusResponse Status(const Readable& readable, bool sees_store) const;

  // See RpcServer::FindRing.
  void FindRing(const std::string& ring,
                std::function<void(const absl::Status&)> done);

 private:
  // Answers a look-up from the newest state, after it has reached the request's
  // min_epoch.
  template <typename Request>
  Reactor* HandleLocate(Method method, Context* context, const Bytes* request,
                        Bytes* response);
  // The result of the gate's check, and the entry for the audit log.
  struct Admitted {
    AccessGate::Caller caller;
    std::string peer;
    std::vector<std::string> rings;  // on which the caller needs the role
    Readable readable;               // CallScope::kAllRings only
    bool sees_store = false;         // GetStatus only
    std::string stated_actor;        // of a change
    v1::AuditEntry entry;
  };
  // Parses the request, and checks the caller's role on the rings that the
  // method's scope in the table requires. Writes an audited call that fails the
  // check to the audit log.
  template <Method kMethod, typename Request>
  absl::Status Admit(const Context& context, const Bytes& bytes,
                     Request& request, Admitted& admitted) const;
  // Checks again the caller of a call that has waited.
  template <Method kMethod>
  absl::Status CheckAgain(const Context& context, Admitted& admitted) const;
  // Finds the rings that a caller may read, for CallScope::kAllRings.
  template <Method kMethod>
  absl::Status FindReadable(const Context& context, Admitted& admitted) const;
  // Adds work to the queue that the table has for the method. Returns false if
  // the queue is full.
  template <Method kMethod, typename Request>
  bool AddToQueue(const Request& request, const Admitted& admitted,
                  std::function<void()> run, std::function<void()> drop);
  // Calls `found` when the ring of the request is known, which it usually is.
  // Otherwise waits for a read of the shared store, and calls `refuse` if the
  // store does not have the ring.
  template <Method kMethod, typename Request>
  void WhenRingIsKnown(const Request& request, const Admitted& admitted,
                       const std::shared_ptr<QueuedCall>& queued,
                       std::function<void()> found,
                       std::function<void(const absl::Status&)> refuse);
  // Answers a call on its queue in the table, not later than the client's
  // deadline.
  template <Method kMethod, typename Request, typename Response>
  Reactor* Enqueue(Context* context, const Bytes* request, Bytes* response);
  // Returns the answer to a request that has passed the gate.
  template <Method kMethod, typename Request, typename Response>
  absl::StatusOr<Response> Work(Request request, const Admitted& admitted,
                                const CallCheck& check);
  // Writes a call to the audit log, if the table requires that.
  template <Method kMethod>
  void Audit(const Admitted& admitted, const absl::Status& outcome,
             uint64_t epoch) const;

  Membership& membership_;
  RpcStats& stats_;
  const ServingLimits limits_;
  const AccessGate& gate_;
  AuditLog* const audit_;
  const ServerFacts facts_;
  std::atomic<bool> draining_ = false;  // reported by GetStatus
  std::atomic<bool> closed_ = false;    // Drain was called
  CallsUnderWay calls_;
  ByteBudget budget_;
  StoreReader reader_;
  EpochWaiters waiters_;
  LocateHandler locate_handler_;
  LocateStreams locate_streams_;
  WatchHub watch_;
  Deadlines deadlines_;
  // Last, because their work uses the members above. Changes have their own
  // queue, so that a store that hangs does not delay reads. Its keys are the
  // rings: the changes of one ring are made one at a time.
  WorkQueue changes_;
  WorkQueue plans_;  // validate_only; a long plan delays no read
  // The keys are the callers. Short reads do not wait for long ones.
  WorkQueue short_reads_;
  WorkQueue long_reads_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_PLACEMENT_SERVICE_H_
