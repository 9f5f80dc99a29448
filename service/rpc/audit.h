// The entries that the audit log keeps of calls. Stateless.
#ifndef CLOCKWISE_SERVICE_RPC_AUDIT_H_
#define CLOCKWISE_SERVICE_RPC_AUDIT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/access.pb.h"
#include "clockwise/v1/placement.pb.h"
#include "service/api/methods.h"
#include "service/rpc/access_gate.h"
#include "service/rpc/request_traits.h"

namespace clockwise {

// The entry of a call whose request could not be read.
v1::AuditEntry EntryOf(Method method, const std::string& peer);

// Adds a node that a request names, up to kMaxAuditNodes.
void AddAuditedNode(const std::string& id, v1::AuditEntry& entry);

// Sets what any audited request of `ring` asks for, by the names that fields of
// requests share.
template <typename Request>
void Describe(const Request& request, absl::string_view ring,
              v1::AuditEntry& entry) {
  entry.set_ring(std::string(MeantRing(ring)));
  entry.set_plan(IsPlan(request));
  if constexpr (requires { request.request_id(); }) {
    entry.set_request_id(request.request_id());
  }
  if constexpr (requires { request.expected_epoch(); }) {
    entry.set_expected_epoch(request.expected_epoch());
  }
  if constexpr (requires { request.node().id(); }) {
    AddAuditedNode(request.node().id(), entry);
  }
  if constexpr (requires { request.node_id(); }) {
    AddAuditedNode(request.node_id(), entry);
  }
  if constexpr (requires { request.changes(); }) {
    for (const v1::NodeChange& change : request.changes()) {
      AddAuditedNode(change.has_add()      ? change.add().id()
                     : change.has_update() ? change.update().node().id()
                                           : change.remove(),
                     entry);
    }
  }
}

// Who asked, and what became of it.
void SetCaller(const AccessGate::Caller& caller, v1::AuditEntry& entry);
void SetOutcome(const absl::Status& status, v1::AuditEntry& entry);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_AUDIT_H_
