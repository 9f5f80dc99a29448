// Converts partition tables to the form in which they are stored and sent.
// Owners are ordinals (Node.ordinal). Unlike indexes into the nodes, ordinals
// do not change when other nodes join or leave. Stateless.
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

// The owners of every partition as ordinals, primary first, row-major. Empty
// for a ring without nodes.
using OrdinalTable = std::vector<uint32_t>;

// Returns the table of a PARTITIONED ring.
OrdinalTable OrdinalsOf(const Ring& ring);

// Returns the same table as indexes into `nodes`, for Ring::Build. DATA_LOSS:
// the table does not have `partitions` rows of these nodes.
absl::StatusOr<std::vector<uint32_t>> IndexesOf(const OrdinalTable& table,
                                                const NodeList& nodes,
                                                size_t partitions);

// Returns the moves between a ring and the ring after one change. Do not use it
// for rings further apart, because another node may have an ordinal then. No
// partitions if no owners changed.
stored::v1::PartitionMoves MovesBetween(const Ring& before, const Ring& after);

enum class Direction { kForward, kBackward };

// Returns the number of owners that `moves` holds for each moved partition.
// DATA_LOSS: they do not fit a table of `partitions` rows of any width.
absl::StatusOr<size_t> WidthOf(const stored::v1::PartitionMoves& moves,
                               Direction direction, size_t partitions);

// Applies `moves` to a table of `partitions` rows, or reverts them. DATA_LOSS:
// they do not fit the table, which is unchanged.
[[nodiscard]] absl::Status Move(const stored::v1::PartitionMoves& moves,
                                Direction direction, size_t partitions,
                                OrdinalTable& table);

// Returns the number of partitions of a spec. 0 in other layouts, and if
// partition_bits is above its limit.
size_t PartitionsOf(const v1::RingSpec& spec);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_PARTITION_MOVES_H_
