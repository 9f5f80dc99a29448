#include "service/rpc/audit.h"

#include "service/limits.h"
#include "service/ring/refusal.h"
#include "service/rpc/request_traits.h"

namespace clockwise {
namespace {

void SetRing(const std::string& ring, v1::AuditEntry& entry) {
  entry.set_ring(std::string(MeantRing(ring)));
}

void AddNode(const std::string& id, v1::AuditEntry& entry) {
  if (entry.nodes_size() < limits::kMaxAuditNodes) entry.add_nodes(id);
}

// What all changes of nodes have.
template <typename Request>
void DescribeChange(const Request& request, v1::AuditEntry& entry) {
  SetRing(request.ring(), entry);
  entry.set_request_id(request.request_id());
  entry.set_expected_epoch(request.expected_epoch());
  entry.set_plan(request.validate_only());
}

}  // namespace

v1::AuditEntry EntryOf(Method method, const std::string& peer) {
  v1::AuditEntry entry;
  entry.set_method(kMethods[static_cast<size_t>(method)].name);
  entry.set_peer(peer);
  return entry;
}

void Describe(const v1::AddNodeRequest& request, v1::AuditEntry& entry) {
  DescribeChange(request, entry);
  AddNode(request.node().id(), entry);
}

void Describe(const v1::UpdateNodeRequest& request, v1::AuditEntry& entry) {
  DescribeChange(request, entry);
  AddNode(request.node().id(), entry);
}

void Describe(const v1::RemoveNodeRequest& request, v1::AuditEntry& entry) {
  DescribeChange(request, entry);
  AddNode(request.node_id(), entry);
}

void Describe(const v1::ApplyChangesRequest& request, v1::AuditEntry& entry) {
  DescribeChange(request, entry);
  for (const v1::NodeChange& change : request.changes()) {
    AddNode(change.has_add()      ? change.add().id()
            : change.has_update() ? change.update().node().id()
                                  : change.remove(),
            entry);
  }
}

void Describe(const v1::EndMigrationRequest& request, v1::AuditEntry& entry) {
  DescribeChange(request, entry);
}

void Describe(const v1::CreateRingRequest& request, v1::AuditEntry& entry) {
  SetRing(request.spec().name(), entry);
}

void Describe(const v1::DeleteRingRequest& request, v1::AuditEntry& entry) {
  SetRing(request.ring(), entry);
}

void SetCaller(const Gate::Caller& caller, v1::AuditEntry& entry) {
  entry.set_actor(caller.name);
  if (caller.role != Role::kNone) entry.set_role(RoleName(caller.role));
}

void SetOutcome(const absl::Status& status, v1::AuditEntry& entry) {
  entry.set_outcome(status.ok() ? "OK" : StatusCodeToString(status.code()));
  entry.set_reason(ReasonName(status));
}

}  // namespace clockwise
