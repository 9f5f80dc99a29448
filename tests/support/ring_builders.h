// Short ways to make rings for tests, and to ask them in node ids. Stateless.
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

// A valid node, defaults filled in.
v1::Node NewNode(const std::string& id, uint32_t weight = 1,
                 const std::string& zone = "",
                 const std::string& hash_key = "");

// `count` nodes node-0, node-1, …
Nodes NewNodes(size_t count);

v1::RingSpec HashedSpec(uint32_t virtual_nodes, uint32_t replicas = 1);
v1::RingSpec ModuloSpec(uint32_t replicas = 1);

// `nodes` as Ring::Build wants them, put in in the order given.
NodeList ListOf(const Nodes& nodes);

// The ring, which must build.
RingPtr NewRing(const v1::RingSpec& spec, const Nodes& nodes);

// The owners, as ids, that `ring` has for `hash` or `key`; 0 owners means the
// spec's number. More than there are nodes is all of them.
Ids OwnersAt(const Ring& ring, KeyHash hash, uint32_t owners = 0);
Ids OwnersAt(const Ring& ring, uint64_t position, uint32_t owners = 0);
Ids OwnersOf(const Ring& ring, absl::string_view key, uint32_t owners = 0);

// Random nodes n<number>: weights 1 to `max_weight`, `zones` zones (one of
// them ""), ids in random order. The same number gives the same id.
v1::Node RandomNode(std::mt19937_64& random, uint32_t number,
                    uint32_t max_weight, uint32_t zones);
Nodes RandomNodes(std::mt19937_64& random, size_t count, uint32_t max_weight,
                  uint32_t zones);

// A number from 0 to `below` - 1.
uint32_t Draw(std::mt19937_64& random, uint64_t below);

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_SUPPORT_RING_BUILDERS_H_
