// PlacementService on the wire: thin handlers that parse, check, hand over to
// membership/ and map the result. Thread-safe. It owns the work queues, the
// waiters and the watch hub; the membership outlives it.
#ifndef CLOCKWISE_SERVICE_RPC_PLACEMENT_SERVICE_H_
#define CLOCKWISE_SERVICE_RPC_PLACEMENT_SERVICE_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <chrono>
#include <functional>

#include "absl/status/statusor.h"
#include "clockwise/v1/placement.grpc.pb.h"
#include "service/access/audit_log.h"
#include "service/membership/membership.h"
#include "service/metrics/rpc_stats.h"
#include "service/rpc/deadlines.h"
#include "service/rpc/epoch_waiters.h"
#include "service/rpc/gate.h"
#include "service/rpc/locate_streams.h"
#include "service/rpc/locator.h"
#include "service/rpc/server_status.h"
#include "service/rpc/unary_call.h"
#include "service/rpc/watch_hub.h"
#include "service/rpc/work_queue.h"

namespace clockwise {

// All methods raw: see wire.h.
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

using RawPlacementService =
    RawMethods<v1::PlacementService::Service,
               v1::PlacementService::WithRawCallbackMethod_Locate,
               v1::PlacementService::WithRawCallbackMethod_BatchLocate,
               v1::PlacementService::WithRawCallbackMethod_LocateStream,
               v1::PlacementService::WithRawCallbackMethod_AddNode,
               v1::PlacementService::WithRawCallbackMethod_UpdateNode,
               v1::PlacementService::WithRawCallbackMethod_RemoveNode,
               v1::PlacementService::WithRawCallbackMethod_ApplyChanges,
               v1::PlacementService::WithRawCallbackMethod_Watch,
               v1::PlacementService::WithRawCallbackMethod_GetRing,
               v1::PlacementService::WithRawCallbackMethod_CompareEpochs,
               v1::PlacementService::WithRawCallbackMethod_ListChanges,
               v1::PlacementService::WithRawCallbackMethod_CreateRing,
               v1::PlacementService::WithRawCallbackMethod_DeleteRing,
               v1::PlacementService::WithRawCallbackMethod_EndMigration,
               v1::PlacementService::WithRawCallbackMethod_ListRings,
               v1::PlacementService::WithRawCallbackMethod_GetStatus>::Type;

class PlacementServiceHandlers final : public RawPlacementService {
 public:
  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;
  using Reactor = grpc::ServerUnaryReactor;

  // Hooks itself into the membership as its listener, until it is destroyed.
  // `audit` may be null: there is no audit log.
  PlacementServiceHandlers(Membership& membership, RpcStats& stats,
                           const ServingLimits& limits, const Gate& gate,
                           AuditLog* audit, ServerFacts facts,
                           std::chrono::milliseconds heartbeat);
  ~PlacementServiceHandlers() override;

  Reactor* Locate(Context*, const Bytes*, Bytes*) override;
  Reactor* BatchLocate(Context*, const Bytes*, Bytes*) override;
  Reactor* AddNode(Context*, const Bytes*, Bytes*) override;
  Reactor* UpdateNode(Context*, const Bytes*, Bytes*) override;
  Reactor* RemoveNode(Context*, const Bytes*, Bytes*) override;
  Reactor* ApplyChanges(Context*, const Bytes*, Bytes*) override;
  Reactor* GetRing(Context*, const Bytes*, Bytes*) override;
  Reactor* CompareEpochs(Context*, const Bytes*, Bytes*) override;
  Reactor* ListChanges(Context*, const Bytes*, Bytes*) override;
  Reactor* CreateRing(Context*, const Bytes*, Bytes*) override;
  Reactor* DeleteRing(Context*, const Bytes*, Bytes*) override;
  Reactor* EndMigration(Context*, const Bytes*, Bytes*) override;
  Reactor* ListRings(Context*, const Bytes*, Bytes*) override;
  Reactor* GetStatus(Context*, const Bytes*, Bytes*) override;
  LocateStreams::Reactor* LocateStream(Context*) override;
  grpc::ServerWriteReactor<Bytes>* Watch(Context*, const Bytes*) override;

  // Tells from now on that this server is going away.
  void EnterLameDuck() { draining_ = true; }
  bool draining() const { return draining_; }

  // Ends streams and waiting calls with UNAVAILABLE, now and from now on.
  void Drain();

  WatchFigures Figures() const { return watch_.Figures(); }
  // What GetStatus answers to who may read the rings that `readable` takes.
  v1::GetStatusResponse Status(const Readable& readable) const;

 private:
  // Answers from the newest state that has reached the request's min_epoch.
  template <typename Request>
  Reactor* AnswerLocate(Method method, Context*, const Bytes*, Bytes*);
  // Answers with a list of rings, by `work`, a function from request and
  // Readable to StatusOr<Response>.
  template <typename Request, typename Work>
  Reactor* List(Method method, Context*, const Bytes*, Bytes*, Work work);
  // Runs `work`, a function from request and actor to StatusOr<Response>, on
  // one of the queues, and answers by the client's deadline whatever becomes of
  // it. What would change something is told to the audit log.
  template <typename Request, typename Work>
  Reactor* Queue(Method method, Context*, const Bytes*, Bytes*, Work work);
  // Reads the request and says who asks, and whether they may. Fills in what is
  // known then of the entry in the audit log, which is told of a refusal.
  template <typename Request>
  absl::Status Admit(Method method, const Context& context, const Bytes& bytes,
                     Request& request, Gate::Caller& caller,
                     v1::AuditEntry& entry) const;
  void Audit(v1::AuditEntry entry, const absl::Status& outcome,
             uint64_t epoch) const;
  // One of those that requests.h answers from membership/.
  template <typename Request>
  Reactor* Ask(Method method, Context*, const Bytes*, Bytes*);
  // One of the four changes.
  template <typename Request, typename Response>
  Reactor* Change(Method method, Context*, const Bytes*, Bytes*);

  Membership& membership_;
  RpcStats& stats_;
  const ServingLimits limits_;
  const Gate& gate_;
  AuditLog* const audit_;
  const ServerFacts facts_;
  std::atomic<bool> draining_ = false;
  EpochWaiters waiters_;
  Locator locator_;
  LocateStreams locate_streams_;
  WatchHub watch_;
  Deadlines deadlines_;
  // Last: their work uses what is above. Changes are made one at a time, and a
  // store that hangs must not keep reads waiting.
  WorkQueue changes_;
  WorkQueue reads_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_PLACEMENT_SERVICE_H_
