// A second implementation of the guarantees of PARTITIONED, as simple as
// possible and without code of the service. It has exact fair shares, the
// conditions of a table, and the minimum that a change must move. Stateless.
//
// Every function accepts any number of partitions, so that
// partition_reference_test.cc can compare it with all tables of 2 or 3
// partitions.
#ifndef CLOCKWISE_TESTS_RING_PARTITION_REFERENCE_H_
#define CLOCKWISE_TESTS_RING_PARTITION_REFERENCE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/ring_builders.h"

namespace clockwise {

// The fields of a node that placement depends on.
struct Member {
  std::string id;
  int64_t weight = 1;
  std::string zone;
};
using Members = std::vector<Member>;

// The owners of each partition, primary first. In a ring without nodes, each
// partition has none.
using Table = std::vector<Ids>;

// A number of partitions as an exact fraction, not in lowest terms.
struct Due {
  int64_t part = 0;
  int64_t of = 1;

  int64_t Floor() const { return part / of; }
  bool IsWhole() const { return part % of == 0; }
};

// The fair share of each member, in partitions. It is proportional to weight,
// but
//  - a member owns each partition at most once,
//  - with at least as many zones as owners, a zone owns each at most once,
//  - with fewer zones, a zone owns each at least once.
// The shares that these bounds remove go to the other members in proportion to
// weight, also inside a zone at its bound. A group is a set of members whose
// shares sum to a whole number: each zone that is held at its bound (not one
// that meets the bound without being held), and all other members together.
struct Dues {
  size_t owners = 0;           // per partition: min(replicas, members)
  size_t zones = 0;            // per partition: min(owners, all zones)
  std::vector<Due> owned;      // by member
  std::vector<Due> primaries;  // by member: weight / all weights × partitions
  std::vector<size_t> group;   // by member
  std::vector<int64_t> group_total;
  bool held = false;  // some share is not proportional to weight
};
Dues DuesOf(const Members& members, int64_t partitions, size_t replicas);

// --- Conditions of a table. Each returns the violation; "" if there is none.
// ---

// Checks that each partition has `dues.owners` distinct members in at least
// `dues.zones` zones.
std::string SpreadBreach(const Members& members, const Dues& dues,
                         const Table& table);
// Checks that each member owns its fair share, rounded down or up.
std::string EvenBreach(const Members& members, const Dues& dues,
                       const Table& table);
// Checks that each member is primary of its fair share, rounded down or up. If
// shares are held at bounds, these owners may not allow that. Then
// (`dues.held`) it is required only if some choice is within one of every
// share.
std::string PrimariesBreach(const Members& members, const Dues& dues,
                            const Table& table);

// Checks whether primaries can be chosen among the owners so that member i has
// at_least[i] to at_most[i] of them.
bool PrimariesCanBe(const Members& members, const Table& table,
                    const std::vector<int64_t>& at_least,
                    const std::vector<int64_t>& at_most);

// --- Moves of a change. ---

// Returns the sum over members of partitions owned after and not before.
int64_t CountMoved(const Table& before, const Table& after);

// The minimum that any distinct and even table of `members` moves, with each
// group's total at its share; and one such table.
struct Least {
  int64_t moved = 0;
  Table table;
};
Least LeastMoved(const Members& members, const Dues& dues, const Table& before);

// Returns how many partitions the members must gain to reach their shares,
// whichever these partitions are. LeastMoved is this number, or more if
// partitions cannot move to the members that need them.
int64_t LeastGained(const Members& members, const Dues& dues,
                    const Table& before);

// --- Rings as tables. ---

Members MembersOf(const Ring& ring);
Table TableOf(const Ring& ring);
// Returns the shares for the ring's nodes, partitions and replicas.
Dues DuesIn(const Ring& ring);

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_RING_PARTITION_REFERENCE_H_
