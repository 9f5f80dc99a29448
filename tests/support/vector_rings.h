// Converts the cases of the vectors to rings: the spec and nodes for Clockwise.
#ifndef CLOCKWISE_TESTS_SUPPORT_VECTOR_RINGS_H_
#define CLOCKWISE_TESTS_SUPPORT_VECTOR_RINGS_H_

#include <optional>
#include <string>
#include <vector>

#include "tests/support/ring_builders.h"
#include "tests/support/vector_file.h"

namespace clockwise {

// The ID of a node is the index of its member. Nodes are in member order.
struct VectorRing {
  v1::RingSpec spec;
  Nodes nodes;
};

// Returns the ring of a case in the file `file`.tsv, for Cassandra with
// SimpleStrategy. nullopt if the system is not reproduced: Cassandra's
// RandomPartitioner.
std::optional<VectorRing> RingOf(const profile::VectorCase& vector,
                                 const std::string& file);

// Returns the same ring with NetworkTopologyStrategy.
VectorRing WithTopology(VectorRing ring, const profile::VectorCase& vector);

// Returns the files whose cases are memberships with one owner per key.
std::vector<std::string> OwnerFiles();

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_SUPPORT_VECTOR_RINGS_H_
