#include "service/ring/partition_moves.h"

#include <algorithm>
#include <functional>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "service/limits.h"

namespace clockwise {
namespace {

using Ordinals = google::protobuf::RepeatedField<uint32_t>;

// Returns the owners per partition in a table with `slots` slots in all.
size_t WidthOf(size_t slots, size_t partitions) { return slots / partitions; }

const Ordinals& OwnersOf(const stored::v1::PartitionMoves& moves,
                         Direction direction) {
  return direction == Direction::kForward ? moves.after() : moves.before();
}

absl::Status Misfit() {
  return absl::DataLossError("its moved partitions do not fit its table");
}

}  // namespace

size_t PartitionsOf(const v1::RingSpec& spec) {
  // Callers may pass a spec that was not validated, for example from a damaged
  // file.
  return spec.layout() == v1::LAYOUT_PARTITIONED &&
                 spec.partition_bits() <= limits::kMaxPartitionBits
             ? size_t{1} << spec.partition_bits()
             : 0;
}

OrdinalTable OrdinalsOf(const Ring& ring) {
  OrdinalTable table;
  table.reserve(ring.slot_nodes().size());
  for (const uint32_t node : ring.slot_nodes()) {
    table.push_back(static_cast<uint32_t>(ring.nodes()[node]->ordinal()));
  }
  return table;
}

absl::StatusOr<std::vector<uint32_t>> IndexesOf(const OrdinalTable& table,
                                                const NodeList& nodes,
                                                size_t partitions) {
  absl::flat_hash_map<uint64_t, uint32_t> indexes;
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    if (!indexes.try_emplace(nodes[i]->ordinal(), i).second) {
      return absl::DataLossError("two of its nodes have the same ordinal");
    }
  }
  if (table.size() % partitions != 0) {
    return absl::DataLossError(
        absl::StrCat("its partition table has ", table.size(),
                     " entries, which do not fit ", partitions, " partitions"));
  }
  const size_t width = WidthOf(table.size(), partitions);
  std::vector<uint32_t> owners;
  owners.reserve(table.size());
  for (size_t i = 0; i < table.size(); ++i) {
    const auto index = indexes.find(table[i]);
    const auto row = owners.end() - static_cast<ptrdiff_t>(i % width);
    if (index == indexes.end() ||
        std::find(row, owners.end(), index->second) != owners.end()) {
      return absl::DataLossError(
          "its partition table has a repeated or unknown node");
    }
    owners.push_back(index->second);
  }
  return owners;
}

stored::v1::PartitionMoves MovesBetween(const Ring& before, const Ring& after) {
  const size_t partitions = PartitionsOf(after.spec());
  const OrdinalTable was = OrdinalsOf(before);
  const OrdinalTable is = OrdinalsOf(after);
  const size_t width_before = WidthOf(was.size(), partitions);
  const size_t width_after = WidthOf(is.size(), partitions);
  stored::v1::PartitionMoves moves;
  for (size_t row = 0; row < partitions; ++row) {
    const auto from = was.begin() + static_cast<ptrdiff_t>(row * width_before);
    const auto to = is.begin() + static_cast<ptrdiff_t>(row * width_after);
    const auto from_end = from + static_cast<ptrdiff_t>(width_before);
    const auto to_end = to + static_cast<ptrdiff_t>(width_after);
    if (std::equal(from, from_end, to, to_end)) continue;
    moves.add_partitions(static_cast<uint32_t>(row));
    moves.mutable_before()->Add(from, from_end);
    moves.mutable_after()->Add(to, to_end);
  }
  return moves;
}

absl::StatusOr<size_t> WidthOf(const stored::v1::PartitionMoves& moves,
                               Direction direction, size_t partitions) {
  const Ordinals& rows = moves.partitions();
  const int slots = OwnersOf(moves, direction).size();
  const bool ascending =
      std::adjacent_find(rows.begin(), rows.end(),
                         std::greater_equal<uint32_t>()) == rows.end();
  if (rows.empty() || !ascending || rows[rows.size() - 1] >= partitions ||
      slots % rows.size() != 0) {
    return Misfit();
  }
  return static_cast<size_t>(slots / rows.size());
}

absl::Status Move(const stored::v1::PartitionMoves& moves, Direction direction,
                  size_t partitions, OrdinalTable& table) {
  if (moves.partitions().empty()) return absl::OkStatus();
  const auto width = WidthOf(moves, direction, partitions);
  if (!width.ok()) return width.status();
  const auto moved = static_cast<size_t>(moves.partitions_size());
  if (table.size() != *width * partitions) {
    if (moved != partitions) return Misfit();
    table.assign(*width * partitions, 0);
  }
  const Ordinals& owners = OwnersOf(moves, direction);
  for (size_t i = 0; i < moved; ++i) {
    const size_t row = moves.partitions(static_cast<int>(i));
    std::copy_n(owners.begin() + static_cast<ptrdiff_t>(i * *width), *width,
                table.begin() + static_cast<ptrdiff_t>(row * *width));
  }
  return absl::OkStatus();
}

}  // namespace clockwise
