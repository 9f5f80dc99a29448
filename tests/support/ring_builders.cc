#include "tests/support/ring_builders.h"

#include <algorithm>
#include <span>
#include <utility>

#include "gtest/gtest.h"

namespace clockwise {

v1::Node NewNode(const std::string& id, uint32_t weight,
                 const std::string& zone, const std::string& hash_key) {
  v1::Node node;
  node.set_id(id);
  node.set_weight(weight);
  node.set_zone(zone);
  node.set_hash_key(hash_key.empty() ? id : hash_key);
  return node;
}

Nodes NewNodes(size_t count) {
  Nodes nodes;
  for (size_t i = 0; i < count; ++i) {
    nodes.push_back(NewNode("node-" + std::to_string(i)));
  }
  return nodes;
}

v1::RingSpec HashedSpec(uint32_t virtual_nodes, uint32_t replicas) {
  v1::RingSpec spec;
  spec.set_name("default");
  spec.set_layout(v1::LAYOUT_HASHED);
  spec.set_virtual_node_count(virtual_nodes);
  spec.set_replica_count(replicas);
  return spec;
}

v1::RingSpec ModuloSpec(uint32_t replicas) {
  v1::RingSpec spec;
  spec.set_name("default");
  spec.set_layout(v1::LAYOUT_MODULO);
  spec.set_replica_count(replicas);
  return spec;
}

NodeList ListOf(const Nodes& nodes) {
  NodeChanges changes;
  for (const v1::Node& node : nodes) {
    changes[node.id()] = std::make_shared<const v1::Node>(node);
  }
  return WithChanges({}, changes);
}

RingPtr NewRing(const v1::RingSpec& spec, const Nodes& nodes) {
  absl::StatusOr<RingPtr> ring = Ring::Build(spec, ListOf(nodes));
  EXPECT_TRUE(ring.ok()) << ring.status();
  return *std::move(ring);
}

Ids OwnersAt(const Ring& ring, KeyHash hash, uint32_t owners) {
  if (ring.nodes().empty()) return {};
  std::vector<uint32_t> indexes(ring.OwnersPerKey(owners));
  ring.OwnersFrom(ring.SlotOf(hash), indexes);
  // Every kind of look-up must return the same owners.
  std::vector<uint32_t> at_once(indexes.size());
  ring.OwnersOf(hash, at_once);
  EXPECT_EQ(at_once, indexes);
  EXPECT_EQ(ring.PrimaryOf(hash), indexes[0]);
  Ids ids;
  for (uint32_t index : indexes) ids.push_back(ring.nodes()[index]->id());
  return ids;
}

Ids OwnersAt(const Ring& ring, uint64_t position, uint32_t owners) {
  return OwnersAt(ring, KeyHash{position, 0}, owners);
}

Ids OwnersOf(const Ring& ring, absl::string_view key, uint32_t owners) {
  Ids ids = OwnersAt(ring, ring.Hash(key), owners);
  uint32_t primary = 0;
  if (!ids.empty()) {
    ring.PrimariesOf(std::span(&key, 1), std::span(&primary, 1));
    EXPECT_EQ(ring.nodes()[primary]->id(), ids[0]);
  }
  return ids;
}

uint32_t Draw(std::mt19937_64& random, uint64_t below) {
  return static_cast<uint32_t>(random() % below);
}

v1::Node RandomNode(std::mt19937_64& random, uint32_t number,
                    uint32_t max_weight, uint32_t zones) {
  const uint64_t zone = Draw(random, zones);
  return NewNode("n" + std::to_string(number), 1 + Draw(random, max_weight),
                 zone == 0 ? "" : "zone-" + std::to_string(zone));
}

Nodes RandomNodes(std::mt19937_64& random, size_t count, uint32_t max_weight,
                  uint32_t zones) {
  Nodes nodes;
  for (uint32_t i = 0; i < count; ++i) {
    nodes.push_back(RandomNode(random, i, max_weight, zones));
  }
  std::shuffle(nodes.begin(), nodes.end(), random);
  return nodes;
}

}  // namespace clockwise
