// Short functions that build rings for tests and look up owners by node ID.
// Stateless.
#ifndef CLOCKWISE_TESTS_SUPPORT_RING_BUILDERS_H_
#define CLOCKWISE_TESTS_SUPPORT_RING_BUILDERS_H_

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"
#include "service/ring/ring.h"

namespace clockwise {

using Nodes = std::vector<v1::Node>;
using RingPtr = std::shared_ptr<const Ring>;
using Ids = std::vector<std::string>;

// Returns a valid node with defaults.
v1::Node NewNode(const std::string& id, uint32_t weight = 1,
                 const std::string& zone = "",
                 const std::string& hash_key = "");

// Returns `count` nodes node-0, node-1, …
Nodes NewNodes(size_t count);

v1::RingSpec HashedSpec(uint32_t virtual_nodes, uint32_t replicas = 1);
v1::RingSpec ModuloSpec(uint32_t replicas = 1);

// Returns `nodes` as Ring::Build requires them, inserted in the given order.
NodeList ListOf(const Nodes& nodes);

// Returns the ring, which must build.
RingPtr NewRing(const v1::RingSpec& spec, const Nodes& nodes);

// Return the IDs of the owners of `hash` or `key`. 0 owners means the number in
// the spec. More than the number of nodes means all nodes.
Ids OwnersAt(const Ring& ring, KeyHash hash, uint32_t owners = 0);
Ids OwnersAt(const Ring& ring, uint64_t position, uint32_t owners = 0);
Ids OwnersOf(const Ring& ring, absl::string_view key, uint32_t owners = 0);

// Return random nodes n<number>: weights 1 to `max_weight`, one of `zones`
// zones (one of them ""), IDs in random order. A number always has the same ID.
v1::Node RandomNode(std::mt19937_64& random, uint32_t number,
                    uint32_t max_weight, uint32_t zones);
Nodes RandomNodes(std::mt19937_64& random, size_t count, uint32_t max_weight,
                  uint32_t zones);

// Returns a number from 0 to `below` - 1.
uint32_t Draw(std::mt19937_64& random, uint64_t below);

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_SUPPORT_RING_BUILDERS_H_
