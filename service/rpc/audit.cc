#include "service/rpc/audit.h"

#include "service/api/refusal.h"
#include "service/api/validate.h"
#include "service/limits.h"

namespace clockwise {

v1::AuditEntry EntryOf(Method method, const std::string& peer) {
  v1::AuditEntry entry;
  entry.set_method(RowOf(method)->name);
  entry.set_peer(BoundedField("peer", peer, entry));
  return entry;
}

void AddAuditedNode(const std::string& id, v1::AuditEntry& entry) {
  if (entry.nodes_size() < limits::kMaxAuditNodes) {
    entry.add_nodes(BoundedField("nodes", id, entry));
  } else {
    MarkCut("nodes", entry);
  }
}

absl::Status ReadStatedActor(const grpc::CallbackServerContext& context,
                             std::string& name) {
  const auto at = context.client_metadata().find(kStatedActorMetadata);
  if (at == context.client_metadata().end()) return absl::OkStatus();
  const absl::string_view stated(at->second.data(), at->second.size());
  absl::Status status = ValidateStatedActor(stated);
  if (status.ok()) name = std::string(stated);
  return status;
}

void SetCaller(const AccessGate::Caller& caller, v1::AuditEntry& entry) {
  entry.set_actor(BoundedField("actor", caller.name, entry));
  if (caller.role != Role::kNone) entry.set_role(RoleName(caller.role));
}

void SetOutcome(const absl::Status& status, v1::AuditEntry& entry) {
  entry.set_outcome(status.ok() ? "OK" : StatusCodeToString(status.code()));
  entry.set_reason(ReasonName(status));
}

}  // namespace clockwise
