#include "client/lib/node_conversion.h"

namespace clockwise::client {

std::shared_ptr<const Node> FromProto(const v1::Node& node) {
  auto made = std::make_shared<Node>();
  made->id = node.id();
  made->address = node.address();
  made->weight = node.weight();
  made->zone = node.zone();
  for (const auto& [name, value] : node.labels()) made->labels[name] = value;
  if (node.hash_key() != node.id()) made->hash_key = node.hash_key();
  return made;
}

v1::Node ToProto(const Node& node) {
  v1::Node made;
  made.set_id(node.id);
  made.set_address(node.address);
  // Not set means 1, and keeps the weight of a node that AddNode may update.
  if (node.weight != 1) made.set_weight(node.weight);
  made.set_zone(node.zone);
  for (const auto& [name, value] : node.labels) {
    (*made.mutable_labels())[name] = value;
  }
  made.set_hash_key(node.hash_key);
  return made;
}

v1::NodeUpdate ToUpdate(const Node& node) {
  v1::NodeUpdate update;
  *update.mutable_node() = ToProto(node);
  update.mutable_node()->clear_hash_key();
  for (const char* field : {"address", "weight", "zone", "labels"}) {
    update.mutable_update_mask()->add_paths(field);
  }
  return update;
}

}  // namespace clockwise::client
