// The promises of the layout PARTITIONED written a second time, as plainly as
// can be and without a line of the service: exact shares, what a table must
// keep to, and the least that a change must move. Stateless.
//
// Every function takes the number of partitions as it comes, so that
// partition_reference_test.cc can hold these against all tables of 2 or 3.
#ifndef CLOCKWISE_TESTS_RING_PARTITION_REFERENCE_H_
#define CLOCKWISE_TESTS_RING_PARTITION_REFERENCE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/ring_builders.h"

namespace clockwise {

// What placement knows of a node.
struct Member {
  std::string id;
  int64_t weight = 1;
  std::string zone;
};
using Members = std::vector<Member>;

// The owners of each partition, primary first; of a ring without nodes each
// partition has none.
using Table = std::vector<Ids>;

// A number of partitions as an exact fraction, not in lowest terms.
struct Due {
  int64_t part = 0;
  int64_t of = 1;

  int64_t Floor() const { return part / of; }
  bool IsWhole() const { return part % of == 0; }
};

// How many partitions each member is to own. In proportion to weight, but
//  - a member at most every partition once,
//  - with as many zones as owners, a zone at most every partition once,
//  - with fewer zones, a zone at least every partition once.
// What these take from some goes to the others in proportion to weight, and so
// inside a zone that is held at its bound. A group is the members whose dues
// sum to a whole number for that reason: each zone that is held at its bound
// (one that meets it by itself is not held), and all other members together.
struct Dues {
  size_t owners = 0;       // of a partition: min(replicas, members)
  size_t zones = 0;        // that a partition reaches: min(owners, all zones)
  std::vector<Due> owned;  // by member
  std::vector<Due> primaries;  // by member: weight / all weights × partitions
  std::vector<size_t> group;   // by member
  std::vector<int64_t> group_total;
  bool held = false;  // some member's due is not its weight's
};
Dues DuesOf(const Members& members, int64_t partitions, size_t replicas);

// --- What is wrong with a table; "" if nothing is. ---

// Each partition has `dues.owners` distinct members in `dues.zones` zones or
// more.
std::string SpreadBreach(const Members& members, const Dues& dues,
                         const Table& table);
// Each member owns its due, rounded down or up.
std::string EvenBreach(const Members& members, const Dues& dues,
                       const Table& table);
// Each member is primary of its due, rounded down or up. Where shares are held
// at bounds this may be out of reach for these owners; then (`dues.held`) it is
// asked only if some choice among them comes within one of every due.
std::string PrimariesBreach(const Members& members, const Dues& dues,
                            const Table& table);

// Whether primaries can be chosen among the owners so that member i has
// at_least[i] to at_most[i] of them.
bool PrimariesCanBe(const Members& members, const Table& table,
                    const std::vector<int64_t>& at_least,
                    const std::vector<int64_t>& at_most);

// --- What a change moves. ---

// Partitions that a member owns after and not before, over all members.
int64_t CountMoved(const Table& before, const Table& after);

// The least that any table of `members` which is spread and even can move, with
// each group's total as it is due; and one such table.
struct Least {
  int64_t moved = 0;
  Table table;
};
Least LeastMoved(const Members& members, const Dues& dues, const Table& before);

// What members must gain to own as many partitions as is due, whichever these
// are: LeastMoved is this, or more where partitions can't go to whom they
// should.
int64_t LeastGained(const Members& members, const Dues& dues,
                    const Table& before);

// --- Rings as tables. ---

Members MembersOf(const Ring& ring);
Table TableOf(const Ring& ring);
// Of the ring's nodes, partitions and replicas.
Dues DuesIn(const Ring& ring);

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_RING_PARTITION_REFERENCE_H_
