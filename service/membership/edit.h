// Applies changes to a node list, all or none, for AddNode, UpdateNode,
// RemoveNode and ApplyChanges. Pure functions.
#ifndef CLOCKWISE_SERVICE_MEMBERSHIP_EDIT_H_
#define CLOCKWISE_SERVICE_MEMBERSHIP_EDIT_H_

#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clockwise/v1/placement.pb.h"
#include "service/membership/ring_state.h"
#include "service/ring/node_list.h"

namespace clockwise {

// A changed node list, and the differences from the old one. The lists are
// sorted by ID. The last three are empty if nothing changed.
struct Edit {
  NodeList nodes;
  std::vector<NodePtr> upserted;
  std::vector<std::string> removed_ids;
  std::vector<NodePtr> before;  // the old form of updated and removed nodes
  ChangeKind kind = ChangeKind::kMixed;

  bool empty() const { return upserted.empty() && removed_ids.empty(); }
};

// Edits `nodes`, the nodes of a ring with this `spec`. FIELD_INVALID,
// NODE_EXISTS, NODE_NOT_FOUND. `fields` selects how an error names a field: in
// the only change of AddNode, UpdateNode or RemoveNode, in `changes[i]` of
// ApplyChanges, or in `nodes[i]` of CreateRing.
enum class FieldNames { kOne, kMany, kNodes };
absl::StatusOr<Edit> EditNodes(const v1::RingSpec& spec, const NodeList& nodes,
                               std::span<const v1::NodeChange> changes,
                               FieldNames fields);

// Returns `refusal` with the name in the request of the field at fault, if it
// is NODES_UNPLACEABLE (service/ring/members.h). If no change of the request
// names the node at fault, the field is the list of changes.
absl::Status NameNodeField(const absl::Status& refusal,
                           std::span<const v1::NodeChange> changes,
                           FieldNames fields);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_MEMBERSHIP_EDIT_H_
