// ReferenceRing is a second implementation of placement, written from the
// design document alone and as simple as possible: it sorts all points, walks,
// and tries every slot. It shares only the hash functions with the service;
// layout_test.cc tests these with vectors. Immutable.
#ifndef CLOCKWISE_TESTS_SUPPORT_REFERENCE_RING_H_
#define CLOCKWISE_TESTS_SUPPORT_REFERENCE_RING_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/numeric/int128.h"
#include "clockwise/v1/placement.pb.h"
#include "tests/support/ring_builders.h"

namespace clockwise {

class ReferenceRing {
 public:
  ReferenceRing(const v1::RingSpec& spec, const Nodes& nodes);

  // Returns the number of owners per key: min(the spec's replicas, nodes).
  size_t owners_per_key() const;

  // HASHED: returns the owners of `position`; `owners` is at most the number of
  // nodes.
  Ids OwnersAt(uint64_t position, size_t owners) const;
  Ids OwnersAt(uint64_t position) const;

  // MODULO: returns the owners of keys whose hash has this remainder.
  Ids OwnersOfRemainder(size_t remainder) const;

  // HASHED: returns the points, sorted.
  std::vector<uint64_t> Positions() const;

  size_t node_count() const { return zones_.size(); }

 private:
  Ids Walk(size_t first, size_t owners) const;

  size_t replicas_;
  bool modulo_;
  std::map<std::string, std::string> zones_;  // by node id
  std::vector<std::pair<uint64_t, std::string>> slots_;
};

// Counted over all arcs of both rings, one by one.
struct ReferenceFigures {
  // The part of hash space × owners as any owner, and of hash space as primary,
  // by node ID.
  std::map<std::string, absl::uint128> owned, primaries;
  absl::uint128 whole = 0;  // of the hash space
};
ReferenceFigures CountOwnership(const v1::RingSpec& spec, const Nodes& nodes);

// Returns Comparison.moved_ratio: the fraction of hash space × owners after
// that gets a new node.
double CountMovedRatio(const v1::RingSpec& spec, const Nodes& before,
                       const Nodes& after);

// Returns the minimum that an assignment with the shares of `after` must move:
// the gain of each node. Empty owner slots count as gained.
double CountMinimumMovedRatio(const v1::RingSpec& spec, const Nodes& before,
                              const Nodes& after);

// Returns n / d, for numbers up to 2^127.
double RatioOf(absl::uint128 n, absl::uint128 d);

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_SUPPORT_REFERENCE_RING_H_
