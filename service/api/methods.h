// The table of the RPCs of clockwise.v1.PlacementService. It alone defines
// which role a call requires and how the call is served. Immutable.
//
// The enum Method, the raw handlers' mixins and declarations, the queued
// handlers, the gate, the audit log and the metrics are derived from it. A
// method of the proto without a row is answered with UNIMPLEMENTED;
// tests/rpc/roles_test.cc fails for it.
#ifndef CLOCKWISE_SERVICE_API_METHODS_H_
#define CLOCKWISE_SERVICE_API_METHODS_H_

#include <array>
#include <cstddef>

#include "service/api/role.h"

namespace clockwise {

// The type of an RPC: grpc_type in metrics.
enum class CallType { kUnary, kServerStream, kBidiStream };

// The rings on which a caller needs the role.
enum class CallScope {
  kOneRing,   // the ring that RingOf(request) names (service/rpc/requests.h)
  kAllRings,  // none; the reply holds only rings on which the caller has it
  kNoRing,    // every ring: a grant for "*"
};

// The thread that serves a call.
enum class CallQueue {
  kNoQueue,  // on gRPC's thread, by a handler of its own
  kReads,    // on a thread for short or for long reads; callers take turns
  kChanges,  // on a thread for changes; with validate_only, for plans
};

// The audit log has an entry for each call of an audited method.
enum class CallAudit { kUnaudited, kAudited };

// One row per method, in the order of the metrics.
// clang-format off
#define CLOCKWISE_METHODS(ROW)                                             \
  /*  name           type          role      scope     queue    audit */   \
  ROW(Locate,        Unary,        Reader,   OneRing,  NoQueue, Unaudited) \
  ROW(BatchLocate,   Unary,        Reader,   OneRing,  NoQueue, Unaudited) \
  ROW(LocateStream,  BidiStream,   Reader,   OneRing,  NoQueue, Unaudited) \
  ROW(AddNode,       Unary,        Operator, OneRing,  Changes, Audited)   \
  ROW(UpdateNode,    Unary,        Operator, OneRing,  Changes, Audited)   \
  ROW(RemoveNode,    Unary,        Operator, OneRing,  Changes, Audited)   \
  ROW(ApplyChanges,  Unary,        Operator, OneRing,  Changes, Audited)   \
  ROW(Watch,         ServerStream, Reader,   OneRing,  NoQueue, Unaudited) \
  ROW(GetRing,       Unary,        Reader,   OneRing,  Reads,   Unaudited) \
  ROW(CompareEpochs, Unary,        Reader,   OneRing,  Reads,   Unaudited) \
  ROW(ListChanges,   Unary,        Reader,   OneRing,  Reads,   Unaudited) \
  ROW(BackupRing,    Unary,        Reader,   OneRing,  Reads,   Unaudited) \
  ROW(CreateRing,    Unary,        Admin,    OneRing,  Changes, Audited)   \
  ROW(DeleteRing,    Unary,        Admin,    OneRing,  Changes, Audited)   \
  ROW(UndeleteRing,  Unary,        Admin,    OneRing,  Changes, Audited)   \
  ROW(EndMigration,  Unary,        Admin,    OneRing,  Changes, Audited)   \
  ROW(ListRings,     Unary,        Reader,   AllRings, Reads,   Unaudited) \
  ROW(GetStatus,     Unary,        Reader,   AllRings, Reads,   Unaudited)
// clang-format on

// kLocate, kBatchLocate, …: indexes of kMethods.
enum class Method {
#define CLOCKWISE_ROW(name, type, role, scope, queue, audit) k##name,
  CLOCKWISE_METHODS(CLOCKWISE_ROW)
#undef CLOCKWISE_ROW
};

struct MethodRow {
  const char* name;
  CallType type;
  Role role;
  CallScope scope;
  CallQueue queue;
  CallAudit audit;
};

inline constexpr auto kMethods = std::to_array<MethodRow>({
#define CLOCKWISE_ROW(name, type, role, scope, queue, audit) \
  {#name,                                                    \
   CallType::k##type,                                        \
   Role::k##role,                                            \
   CallScope::k##scope,                                      \
   CallQueue::k##queue,                                      \
   CallAudit::k##audit},
    CLOCKWISE_METHODS(CLOCKWISE_ROW)
#undef CLOCKWISE_ROW
});

// The row of `method`; null if the table has none.
constexpr const MethodRow* RowOf(Method method) {
  const auto index = static_cast<size_t>(method);
  return index < kMethods.size() ? &kMethods[index] : nullptr;
}

// A stream is served message by message, so it cannot wait in a queue.
constexpr bool StreamsAreNotQueued() {
  for (const MethodRow& row : kMethods) {
    if (row.type != CallType::kUnary && row.queue != CallQueue::kNoQueue) {
      return false;
    }
  }
  return true;
}
static_assert(StreamsAreNotQueued());

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_API_METHODS_H_
