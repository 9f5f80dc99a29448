// Partition tables in the form in which they are stored and followed: owners as
// ordinals (Node.ordinal), which, unlike indexes into the nodes, stay when
// other nodes come and go. Stateless.
#ifndef CLOCKWISE_SERVICE_RING_PARTITION_MOVES_H_
#define CLOCKWISE_SERVICE_RING_PARTITION_MOVES_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clockwise/stored/v1/stored.pb.h"
#include "service/ring/node_list.h"
#include "service/ring/ring.h"

namespace clockwise {

// The owners of every partition as ordinals, primary first, row-major: empty
// for a ring without nodes.
using OrdinalTable = std::vector<uint32_t>;

// Of a PARTITIONED ring.
OrdinalTable OrdinalsOf(const Ring& ring);

// The same table as indexes into `nodes`, as Ring::Build takes it. DATA_LOSS:
// it is no table of `partitions` rows of these nodes.
absl::StatusOr<std::vector<uint32_t>> IndexesOf(const OrdinalTable& table,
                                                const NodeList& nodes,
                                                size_t partitions);

// What leads from a ring to the one that one change made of it: between epochs
// farther apart, an ordinal may be another node's. No partitions if no owners
// changed.
stored::v1::PartitionMoves MovesBetween(const Ring& before, const Ring& after);

enum class Direction { kForward, kBackward };

// Owners that `moves` give to each partition that they move. DATA_LOSS: they
// are no moves of a table of `partitions` rows, whatever its width.
absl::StatusOr<size_t> WidthOf(const stored::v1::PartitionMoves& moves,
                               Direction direction, size_t partitions);

// Makes `moves` in a table of `partitions` rows, or takes them back. DATA_LOSS:
// they do not fit it, and it is as it was.
[[nodiscard]] absl::Status Move(const stored::v1::PartitionMoves& moves,
                                Direction direction, size_t partitions,
                                OrdinalTable& table);

// The number of partitions of a spec; 0 in other layouts, and of more bits than
// there may be.
size_t PartitionsOf(const v1::RingSpec& spec);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_PARTITION_MOVES_H_
