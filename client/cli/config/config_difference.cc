#include "client/cli/config/config_difference.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/message_differencer.h>

#include <iterator>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "client/cli/text.h"
#include "service/api/refusal.h"
#include "service/ring/layout.h"
#include "service/ring/layout_settings.h"
#include "service/ring/members.h"

namespace clockwise::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;

constexpr size_t kMaxShownText = 60;  // bytes of a value in a line

bool SameField(const Message& a, const Message& b,
               const FieldDescriptor* field) {
  MessageDifferencer differencer;
  return differencer.CompareWithFields(a, b, {field}, {field});
}

std::vector<const FieldDescriptor*> FieldsIn(const Message& message) {
  std::vector<const FieldDescriptor*> fields;
  fields.reserve(static_cast<size_t>(message.GetDescriptor()->field_count()));
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    fields.push_back(message.GetDescriptor()->field(i));
  }
  return fields;
}

// The names of the fields in which `stated` differs from `present`; those of
// settings as "settings.key_hash".
std::vector<std::string> SpecDifferences(const v1::RingSpec& stated,
                                         const v1::RingSpec& present) {
  std::vector<std::string> names;
  for (const FieldDescriptor* field : FieldsIn(stated)) {
    if (field->name() == "name" || field->name() == "migrating_from" ||
        field->name() == "settings") {
      continue;
    }
    if (!SameField(stated, present, field)) names.push_back(field->name());
  }
  for (const FieldDescriptor* field : FieldsIn(stated.settings())) {
    if (!SameField(stated.settings(), present.settings(), field)) {
      names.push_back(absl::StrCat("settings.", field->name()));
    }
  }
  return names;
}

absl::Status CheckSpec(const RingConfig& config, const v1::RingSpec& present) {
  if (!config.has_spec) return absl::OkStatus();
  const auto stated = NormalizeSpec(config.spec.spec);
  if (!stated.ok()) {
    return ConfigRefusal(config.source, config.spec.lines, stated.status(),
                         "spec.");
  }
  const auto names = SpecDifferences(*stated, present);
  if (names.empty()) return absl::OkStatus();
  return ConfigFault(
      config.source, config.spec.lines.Of(names[0]),
      absl::StrCat("spec.", names[0]),
      absl::StrCat("the file states ", SpecText(*stated), ", and ring ",
                   Quoted(present.name()), " has ", SpecText(present),
                   "; a ring's spec cannot change: correct the file, or move "
                   "to a new ring with `clockwise migrate`"));
}

// An update of `present` to `stated`, field by field; no change if they are
// equal.
absl::StatusOr<ConfigChange> UpdateOf(const RingConfig& config,
                                      const ConfigNode& stated,
                                      const v1::Node& present) {
  if (stated.node.hash_key() != present.hash_key()) {
    return ConfigFault(
        config.source, stated.lines.Of("hash_key"), "hash_key",
        absl::StrCat(
            Quoted(stated.node.hash_key()), ", and node ", Quoted(present.id()),
            " of the ring has ", Quoted(present.hash_key()),
            "; a node's hash_key cannot change: state the value "
            "of the ring, or remove the node and add it under another id"));
  }
  ConfigChange update;
  v1::Node equal = stated.node;
  equal.set_ordinal(present.ordinal());
  if (MessageDifferencer::Equals(equal, present)) return update;
  update.lines = stated.lines;
  v1::NodeUpdate& change = *update.change.mutable_update();
  for (const FieldDescriptor* field : FieldsIn(present)) {
    if (field->name() == "ordinal" || SameField(stated.node, present, field)) {
      continue;
    }
    change.mutable_update_mask()->add_paths(field->name());
  }
  *change.mutable_node() = stated.node;
  return update;
}

// Checks whether placement depends on the order of the nodes. Explicit tokens
// and slots do not, though the order is part of their fingerprint.
bool OrderCounts(const v1::RingSpec& spec) {
  const LayoutRule* rule = FindLayout(spec.layout());
  return rule != nullptr && rule->uses_ordinals(spec.settings()) &&
         rule->traits->takes.tokens == 0 && !rule->traits->takes.any_token;
}

// Checks whether the ring has nodes of the file in another order. New nodes
// join after all others, in the order of the file.
bool OrderDiffers(const RingConfig& config,
                  const std::map<absl::string_view, const v1::Node*>& present,
                  const v1::RingSpec& spec) {
  if (!OrderCounts(spec)) return false;
  uint64_t last = 0;
  for (const ConfigNode& stated : config.nodes) {
    const auto at = present.find(stated.node.id());
    const uint64_t ordinal = at == present.end()
                                 ? std::numeric_limits<uint64_t>::max()
                                 : at->second->ordinal();
    if (ordinal < last) return true;
    last = ordinal;
  }
  return false;
}

std::string Shown(const v1::Node& node, absl::string_view field) {
  std::string text = Printable(FieldText(node, field));
  if (text.size() <= kMaxShownText) return text;
  size_t end = kMaxShownText;
  // Not within a character: its second to last bytes are 10xxxxxx.
  while ((static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80) --end;
  return absl::StrCat(text.substr(0, end), "...");
}

// The fields of `node` that differ from those of `before`, or are set if there
// is none.
std::string FieldsLine(const v1::Node& node, const v1::Node* before) {
  v1::Node none;
  none.set_weight(1);
  none.set_hash_key(node.id());
  std::vector<std::string> texts;
  for (const std::string& name : NodeFields()) {
    const FieldDescriptor* field =
        v1::Node::descriptor()->FindFieldByName(name);
    if (SameField(node, before != nullptr ? *before : none, field)) continue;
    texts.push_back(before != nullptr
                        ? absl::StrCat(name, ": ", Shown(*before, name), " -> ",
                                       Shown(node, name))
                        : absl::StrCat(name, ": ", Shown(node, name)));
  }
  return texts.empty() ? "" : absl::StrCat("  ", absl::StrJoin(texts, ", "));
}

// Removes the nodes of the ring that the file names or that are removed, and
// adds those of the file in their order.
void ReplaceAll(const RingConfig& config, const v1::Snapshot& ring,
                ConfigDifference& difference) {
  const std::set<absl::string_view> staying(difference.unnamed_ids.begin(),
                                            difference.unnamed_ids.end());
  difference.changes.clear();
  difference.order_differs = false;
  for (const v1::Node& node : ring.nodes()) {
    if (staying.contains(node.id())) continue;
    difference.changes.emplace_back().change.set_remove(node.id());
  }
  for (const ConfigNode& stated : config.nodes) {
    ConfigChange& add = difference.changes.emplace_back();
    *add.change.mutable_add() = stated.node;
    add.lines = stated.lines;
  }
}

}  // namespace

absl::StatusOr<ConfigDifference> DifferenceOf(
    const RingConfig& config, const v1::Snapshot& ring,
    const DifferenceOptions& options) {
  absl::Status status = CheckSpec(config, ring.spec());
  if (!status.ok()) return status;
  std::map<absl::string_view, const v1::Node*> present;
  for (const v1::Node& node : ring.nodes()) present[node.id()] = &node;
  ConfigDifference difference;
  bool replaced = false;
  std::vector<ConfigChange> updates;
  std::set<absl::string_view> named;
  for (const ConfigNode& stated : config.nodes) {
    named.insert(stated.node.id());
    status = CheckNode(ring.spec(), stated.node);
    if (!status.ok()) {
      return ConfigRefusal(config.source, stated.lines, status);
    }
    const auto at = present.find(stated.node.id());
    if (at == present.end()) {
      ConfigChange& add = difference.changes.emplace_back();
      *add.change.mutable_add() = stated.node;
      add.lines = stated.lines;
      continue;
    }
    if (options.replace && stated.node.hash_key() != at->second->hash_key()) {
      replaced = true;
      difference.changes.emplace_back().change.set_remove(stated.node.id());
      ConfigChange& add = difference.changes.emplace_back();
      *add.change.mutable_add() = stated.node;
      add.lines = stated.lines;
      continue;
    }
    auto update = UpdateOf(config, stated, *at->second);
    if (!update.ok()) return update.status();
    if (update->change.has_update()) {
      updates.push_back(*std::move(update));
    }
  }
  difference.changes.insert(difference.changes.end(),
                            std::make_move_iterator(updates.begin()),
                            std::make_move_iterator(updates.end()));
  for (const v1::Node& node : ring.nodes()) {
    if (named.contains(node.id())) continue;
    if (options.prune) {
      difference.changes.emplace_back().change.set_remove(node.id());
    } else {
      difference.unnamed_ids.push_back(node.id());
    }
  }
  difference.order_differs = OrderDiffers(config, present, ring.spec());
  // A replaced node joins after all others.
  if (options.replace &&
      (difference.order_differs || (replaced && OrderCounts(ring.spec())))) {
    ReplaceAll(config, ring, difference);
  }
  return difference;
}

std::string ChangeLines(const v1::Change& change, const v1::Snapshot& before) {
  const std::set<absl::string_view> added(change.added_ids().begin(),
                                          change.added_ids().end());
  std::map<absl::string_view, const v1::Node*> present;
  for (const v1::Node& node : before.nodes()) present[node.id()] = &node;
  std::string text;
  for (const v1::Node& node : change.upserted()) {
    if (added.contains(node.id())) {
      absl::StrAppend(&text, "+ ", node.id(), FieldsLine(node, nullptr), "\n");
    }
  }
  for (const v1::Node& node : change.upserted()) {
    if (added.contains(node.id())) continue;
    const auto at = present.find(node.id());
    absl::StrAppend(
        &text, "~ ", node.id(),
        FieldsLine(node, at == present.end() ? nullptr : at->second), "\n");
  }
  for (const std::string& id : change.removed_ids()) {
    absl::StrAppend(&text, "- ", id, "\n");
  }
  return text;
}

}  // namespace clockwise::cli
