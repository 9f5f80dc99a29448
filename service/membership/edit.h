// Changes of a node list as a pure function: what AddNode, UpdateNode,
// RemoveNode and ApplyChanges do, all or nothing. Stateless.
#ifndef CLOCKWISE_SERVICE_MEMBERSHIP_EDIT_H_
#define CLOCKWISE_SERVICE_MEMBERSHIP_EDIT_H_

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clockwise/v1/placement.pb.h"
#include "service/membership/ring_state.h"
#include "service/ring/node_list.h"

namespace clockwise {

// A changed node list, and what changed in it. The lists are sorted by id; all
// are empty if there was nothing to change.
struct Edit {
  NodeList nodes;
  std::vector<NodePtr> upserted;
  std::vector<std::string> removed_ids;
  std::vector<NodePtr> before;  // what was altered or removed
  ChangeKind kind = ChangeKind::kMixed;

  bool empty() const { return upserted.empty() && removed_ids.empty(); }
};

// Edits `nodes`, which are those of a ring of `spec`. `fields` tells how a
// refusal names a field: of the one change of AddNode, UpdateNode or
// RemoveNode, or of one of many in ApplyChanges. FIELD_INVALID, NODE_EXISTS,
// NODE_NOT_FOUND.
enum class FieldNames { kOne, kMany };
absl::StatusOr<Edit> EditNodes(const v1::RingSpec& spec, const NodeList& nodes,
                               std::span<const v1::NodeChange> changes,
                               FieldNames fields);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_MEMBERSHIP_EDIT_H_
