// Builds the entries of calls for the audit log. Stateless.
#ifndef CLOCKWISE_SERVICE_RPC_AUDIT_H_
#define CLOCKWISE_SERVICE_RPC_AUDIT_H_

#include <grpcpp/server_context.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/access.pb.h"
#include "clockwise/v1/placement.pb.h"
#include "service/access/audit_log.h"
#include "service/api/methods.h"
#include "service/rpc/access_gate.h"
#include "service/rpc/request_traits.h"

namespace clockwise {

// Returns an entry with the method and the peer of a call. It is complete for a
// call whose request could not be parsed.
v1::AuditEntry EntryOf(Method method, const std::string& peer);

// Adds the ID of a node in the request, up to kMaxAuditNodes.
void AddAuditedNode(const std::string& id, v1::AuditEntry& entry);

// Sets the fields of the entry from `request`, which concerns `ring`. Works for
// every audited request, because their fields have the same names.
template <typename Request>
void Describe(const Request& request, absl::string_view ring,
              v1::AuditEntry& entry) {
  entry.set_ring(BoundedField("ring", MeantRing(ring), entry));
  entry.set_plan(IsPlan(request));
  if constexpr (requires { request.request_id(); }) {
    entry.set_request_id(
        BoundedField("request_id", request.request_id(), entry));
  }
  if constexpr (requires { request.expected_epoch(); }) {
    entry.set_expected_epoch(request.expected_epoch());
    entry.set_expected_incarnation(request.expected_incarnation());
  }
  if constexpr (requires { request.node().id(); }) {
    AddAuditedNode(request.node().id(), entry);
  }
  if constexpr (requires { request.node_id(); }) {
    AddAuditedNode(request.node_id(), entry);
  }
  if constexpr (requires { request.nodes(); }) {
    for (const v1::Node& node : request.nodes()) {
      AddAuditedNode(node.id(), entry);
    }
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

// Reads the name that the client states for its user; "" if it states none.
// FIELD_INVALID.
absl::Status ReadStatedActor(const grpc::CallbackServerContext& context,
                             std::string& name);

// Set the caller, and the result of the call.
void SetCaller(const AccessGate::Caller& caller, v1::AuditEntry& entry);
void SetOutcome(const absl::Status& status, v1::AuditEntry& entry);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_AUDIT_H_
