// What the audit log is told of a call. Stateless.
#ifndef CLOCKWISE_SERVICE_RPC_AUDIT_H_
#define CLOCKWISE_SERVICE_RPC_AUDIT_H_

#include <string>
#include <type_traits>

#include "absl/status/status.h"
#include "clockwise/v1/access.pb.h"
#include "clockwise/v1/placement.pb.h"
#include "service/metrics/rpc_stats.h"
#include "service/rpc/gate.h"

namespace clockwise {

// The entry of a call whose request could not be read.
v1::AuditEntry EntryOf(Method method, const std::string& peer);

// What the request asks for.
void Describe(const v1::AddNodeRequest& request, v1::AuditEntry& entry);
void Describe(const v1::UpdateNodeRequest& request, v1::AuditEntry& entry);
void Describe(const v1::RemoveNodeRequest& request, v1::AuditEntry& entry);
void Describe(const v1::ApplyChangesRequest& request, v1::AuditEntry& entry);
void Describe(const v1::EndMigrationRequest& request, v1::AuditEntry& entry);
void Describe(const v1::CreateRingRequest& request, v1::AuditEntry& entry);
void Describe(const v1::DeleteRingRequest& request, v1::AuditEntry& entry);

// Who asked, and what became of it.
void SetCaller(const Gate::Caller& caller, v1::AuditEntry& entry);
void SetOutcome(const absl::Status& status, v1::AuditEntry& entry);

// Whether calls with such a request are in the audit log.
template <typename Request>
constexpr bool kAudited = requires(const Request& request,
                                   v1::AuditEntry& entry) {
  Describe(request, entry);
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_AUDIT_H_
