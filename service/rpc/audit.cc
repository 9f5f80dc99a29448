#include "service/rpc/audit.h"

#include "service/api/refusal.h"
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

void SetCaller(const AccessGate::Caller& caller, v1::AuditEntry& entry) {
  entry.set_actor(BoundedField("actor", caller.name, entry));
  if (caller.role != Role::kNone) entry.set_role(RoleName(caller.role));
}

void SetOutcome(const absl::Status& status, v1::AuditEntry& entry) {
  entry.set_outcome(status.ok() ? "OK" : StatusCodeToString(status.code()));
  entry.set_reason(ReasonName(status));
}

}  // namespace clockwise
