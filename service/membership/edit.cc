#include "service/membership/edit.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/api/validate.h"
#include "service/limits.h"
#include "service/ring/members.h"

namespace clockwise {
namespace {

using google::protobuf::util::MessageDifferencer;

absl::string_view IdOf(const v1::NodeChange& change) {
  switch (change.change_case()) {
    case v1::NodeChange::kAdd:
      return change.add().id();
    case v1::NodeChange::kUpdate:
      return change.update().node().id();
    default:
      return change.remove();
  }
}

// Returns the name of `field` in the request. The editor names a field of the
// node, such as "id" or "weight", or "update_mask".
std::string FieldPath(const v1::NodeChange& change, size_t index,
                      FieldNames fields, absl::string_view field) {
  if (fields == FieldNames::kOne) {
    if (field == "update_mask" || field == "allow_update") {
      return std::string(field);
    }
    return absl::StrCat(change.has_remove() ? "node_" : "node.", field);
  }
  if (fields == FieldNames::kNodes) {
    return absl::StrCat("nodes[", index, "].", field);
  }
  std::string path = absl::StrCat("changes[", index, "]");
  if (field == "allow_update") return absl::StrCat(path, ".allow_update");
  switch (change.change_case()) {
    case v1::NodeChange::kAdd:
      return absl::StrCat(path, ".add.", field);
    case v1::NodeChange::kUpdate:
      return absl::StrCat(
          path, field == "update_mask" ? ".update." : ".update.node.", field);
    case v1::NodeChange::kRemove:
      return absl::StrCat(path, ".remove");
    case v1::NodeChange::CHANGE_NOT_SET:
      break;
  }
  return path;
}

// Returns the fields that the mask of `update` names. Without a mask, returns
// the fields that are set.
absl::StatusOr<std::vector<std::string>> FieldsToUpdate(
    const v1::NodeUpdate& update, const v1::Node& present) {
  const v1::Node& node = update.node();
  std::vector<std::string> paths(update.update_mask().paths().begin(),
                                 update.update_mask().paths().end());
  if (!paths.empty()) return paths;
  if (!node.hash_key().empty() && node.hash_key() != present.hash_key()) {
    return FieldRefusal(
        "hash_key",
        absl::StrCat(Quoted(node.hash_key()), " differs from the current ",
                     Quoted(present.hash_key()),
                     ", and a hash_key cannot change; remove the node and add "
                     "a new one"));
  }
  if (!node.address().empty()) paths.push_back("address");
  if (node.has_weight()) paths.push_back("weight");
  if (!node.zone().empty()) paths.push_back("zone");
  if (!node.labels().empty()) paths.push_back("labels");
  if (!node.points().empty()) paths.push_back("points");
  if (node.virtual_node_count() != 0) paths.push_back("virtual_node_count");
  return paths;
}

// Returns `present` with the fields of `update`.
absl::StatusOr<v1::Node> Updated(const v1::Node& present,
                                 const v1::NodeUpdate& update) {
  auto paths = FieldsToUpdate(update, present);
  if (!paths.ok()) return paths.status();
  v1::Node node = present;
  for (const std::string& path : *paths) {
    if (path == "address") {
      node.set_address(update.node().address());
    } else if (path == "weight") {
      node.clear_weight();
      if (update.node().has_weight()) node.set_weight(update.node().weight());
    } else if (path == "zone") {
      node.set_zone(update.node().zone());
    } else if (path == "labels") {
      *node.mutable_labels() = update.node().labels();
    } else if (path == "points") {
      *node.mutable_points() = update.node().points();
    } else if (path == "virtual_node_count") {
      node.set_virtual_node_count(update.node().virtual_node_count());
    } else {
      return FieldRefusal(
          "update_mask",
          absl::StrCat(Quoted(path),
                       " cannot be updated; use address, weight, zone, labels, "
                       "points or virtual_node_count"));
    }
  }
  auto normal = NormalizeNode(node);
  if (normal.ok()) normal->set_ordinal(present.ordinal());
  return normal;
}

// Edits a node list in one pass over the changes.
class Editor {
 public:
  Editor(const v1::RingSpec& spec, const NodeList& nodes)
      : spec_(spec), old_(nodes) {
    for (const NodePtr& node : nodes) {
      last_ordinal_ = std::max(last_ordinal_, node->ordinal());
    }
  }

  absl::Status Make(const v1::NodeChange& change) {
    if (change.change_case() == v1::NodeChange::CHANGE_NOT_SET) {
      return FieldRefusal("change",
                          "no change is set; set add, update or remove");
    }
    const absl::string_view id = IdOf(change);
    if (absl::Status status = ValidateId("id", id); !status.ok()) return status;
    const auto [at, first] = seen_.try_emplace(id, change.has_remove());
    if (!first && !(at->second && change.has_add())) {
      return FieldRefusal("id",
                          absl::StrCat(Quoted(id),
                                       " is in an earlier change too; send one "
                                       "change per node, or remove and add"));
    }
    if (!first) at->second = false;
    if (change.allow_update() && !change.has_add()) {
      return FieldRefusal("allow_update", "applies only to add; unset it");
    }
    const NodePtr present = first ? FindNode(old_, id) : nullptr;
    if (change.has_add() && change.allow_update() && present != nullptr) {
      v1::NodeUpdate update;  // without a mask: of the fields that are set
      *update.mutable_node() = change.add();
      return Update(update, present);
    }
    if (change.has_add()) return Add(change.add(), present);
    if (present == nullptr) {
      return Refusal(
          v1::ERROR_REASON_NODE_NOT_FOUND,
          absl::StrCat("node ", Quoted(id), " is not in ring ",
                       Quoted(spec_.name()), "; check the ID with GetRing"),
          "id");
    }
    if (change.has_update()) return Update(change.update(), present);
    Remove(present);
    return absl::OkStatus();
  }

  Edit Finish() && {
    edit_.nodes = WithChanges(old_, changes_);
    for (const NodePtr& node : edit_.before) {
      if (changes_.at(node->id()) == nullptr) {
        edit_.removed_ids.push_back(node->id());
      }
    }
    const auto by_id = [](const NodePtr& a, const NodePtr& b) {
      return a->id() < b->id();
    };
    std::sort(edit_.upserted.begin(), edit_.upserted.end(), by_id);
    std::sort(edit_.before.begin(), edit_.before.end(), by_id);
    std::sort(edit_.removed_ids.begin(), edit_.removed_ids.end());
    const size_t updates = edit_.before.size() - edit_.removed_ids.size();
    const size_t adds = edit_.upserted.size() - updates;
    const size_t removes = edit_.removed_ids.size();
    if (adds > 0 && updates + removes == 0) edit_.kind = ChangeKind::kAdd;
    if (updates > 0 && adds + removes == 0) edit_.kind = ChangeKind::kUpdate;
    if (removes > 0 && adds + updates == 0) edit_.kind = ChangeKind::kRemove;
    return std::move(edit_);
  }

 private:
  absl::Status Add(const v1::Node& asked, const NodePtr& present) {
    auto node = NormalizeNode(asked);
    if (!node.ok()) return node.status();
    if (present == nullptr) {
      node->set_ordinal(++last_ordinal_);
      return Put(*std::move(node));
    }
    node->set_ordinal(present->ordinal());
    if (MessageDifferencer::Equals(*node, *present)) return absl::OkStatus();
    return Refusal(
        v1::ERROR_REASON_NODE_EXISTS,
        absl::StrCat("ring ", Quoted(spec_.name()),
                     " already has a different node ", Quoted(node->id()),
                     "; update it, set allow_update, or use "
                     "another ID"),
        "id");
  }

  absl::Status Update(const v1::NodeUpdate& update, const NodePtr& present) {
    auto node = Updated(*present, update);
    if (!node.ok()) return node.status();
    if (MessageDifferencer::Equals(*node, *present)) return absl::OkStatus();
    edit_.before.push_back(present);
    return Put(*std::move(node));
  }

  void Remove(const NodePtr& present) {
    edit_.before.push_back(present);
    changes_[present->id()] = nullptr;
  }

  absl::Status Put(v1::Node node) {
    if (absl::Status status = CheckNode(spec_, node); !status.ok()) {
      return status;
    }
    edit_.upserted.push_back(std::make_shared<const v1::Node>(std::move(node)));
    changes_[edit_.upserted.back()->id()] = edit_.upserted.back();
    return absl::OkStatus();
  }

  const v1::RingSpec& spec_;
  const NodeList& old_;
  NodeChanges changes_;
  Edit edit_;
  // The nodes of the changes so far; true: only removed, so an add may follow.
  absl::flat_hash_map<absl::string_view, bool> seen_;
  uint64_t last_ordinal_ = 0;
};

}  // namespace

absl::StatusOr<Edit> EditNodes(const v1::RingSpec& spec, const NodeList& nodes,
                               std::span<const v1::NodeChange> changes,
                               FieldNames fields) {
  if (changes.empty() || changes.size() > limits::kMaxChangesPerRequest) {
    const bool first = fields == FieldNames::kNodes;
    return FieldRefusal(
        first ? "nodes" : "changes",
        absl::StrCat(changes.size(),
                     first ? " nodes; send at most " : " changes; send 1 to ",
                     limits::kMaxChangesPerRequest));
  }
  Editor editor(spec, nodes);
  for (size_t i = 0; i < changes.size(); ++i) {
    if (absl::Status status = editor.Make(changes[i]); !status.ok()) {
      return RenameField(status, [&](absl::string_view field) {
        return FieldPath(changes[i], i, fields, field);
      });
    }
  }
  return std::move(editor).Finish();
}

absl::Status NameNodeField(const absl::Status& refusal,
                           std::span<const v1::NodeChange> changes,
                           FieldNames fields) {
  if (ReasonOf(refusal) != v1::ERROR_REASON_NODES_UNPLACEABLE) return refusal;
  return RenameField(refusal, [&](absl::string_view field) -> std::string {
    const absl::string_view leaf = field.substr(field.rfind('.') + 1);
    for (size_t i = 0; i < changes.size(); ++i) {
      const bool at_fault = absl::StartsWith(
          field, absl::StrCat("nodes[\"", IdOf(changes[i]), "\"]."));
      if (at_fault) return FieldPath(changes[i], i, fields, leaf);
    }
    if (fields == FieldNames::kNodes) return "nodes";
    if (fields == FieldNames::kMany || changes.empty()) return "changes";
    return FieldPath(changes[0], 0, fields,
                     changes[0].has_remove() ? "id" : leaf);
  });
}

}  // namespace clockwise
