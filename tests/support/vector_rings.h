// The vectors' cases as rings: the spec and nodes that Clockwise is told.
#ifndef CLOCKWISE_TESTS_SUPPORT_VECTOR_RINGS_H_
#define CLOCKWISE_TESTS_SUPPORT_VECTOR_RINGS_H_

#include <optional>
#include <string>
#include <vector>

#include "tests/support/ring_builders.h"
#include "tests/support/vector_file.h"

namespace clockwise {

// A node's id is its member's index; nodes are in the order of the members.
struct VectorRing {
  v1::RingSpec spec;
  Nodes nodes;
};

// Of a case in the file `file`.tsv; of cassandra with SimpleStrategy. None if
// it is of a system that is not reproduced: Cassandra's RandomPartitioner.
std::optional<VectorRing> RingOf(const profile::VectorCase& vector,
                                 const std::string& file);

// The same with NetworkTopologyStrategy.
VectorRing WithTopology(VectorRing ring, const profile::VectorCase& vector);

// The files whose cases are memberships, with one owner a key.
std::vector<std::string> OwnerFiles();

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_SUPPORT_VECTOR_RINGS_H_
