// How SqliteStore keeps the tables of PARTITIONED rings: sqlite_schema.cc tells
// the form of a row.
#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "service/ring/partition_moves.h"
#include "service/store/row_digest.h"
#include "service/store/sqlite/schema.h"
#include "service/store/sqlite/sqlite_store.h"
#include "service/store/store_rules.h"

namespace clockwise {
namespace {

static_assert(std::endian::native == std::endian::little,
              "ordinals are stored as they lie in memory");

absl::string_view BytesOf(const uint32_t* ordinals, size_t count) {
  return {reinterpret_cast<const char*>(ordinals), count * sizeof(uint32_t)};
}

OrdinalTable OrdinalsIn(absl::string_view bytes) {
  OrdinalTable ordinals(bytes.size() / sizeof(uint32_t));
  std::memcpy(ordinals.data(), bytes.data(),
              ordinals.size() * sizeof(uint32_t));
  return ordinals;
}

}  // namespace

absl::Status SqliteStore::VisitPartitions(
    absl::string_view ring,
    absl::FunctionRef<void(uint64_t number, absl::string_view owners)> each) {
  Rows rows = queries_[kSelectPartitions].Select(ring);
  auto row = rows.Next();
  for (; row.ok() && *row; row = rows.Next()) {
    each(rows.Number(0), rows.Bytes(1));
  }
  return row.status();
}

absl::Status SqliteStore::ReadTable(StoredRing& ring) {
  return VisitPartitions(
      ring.head.spec.name(), [&](uint64_t, absl::string_view owners) {
        const OrdinalTable part = OrdinalsIn(owners);
        ring.table.insert(ring.table.end(), part.begin(), part.end());
      });
}

absl::Status SqliteStore::WritePartitions(const Commit& commit,
                                          const std::string& spec,
                                          uint64_t& digest) {
  const v1::PartitionMoves& moves = commit.record.partitions();
  if (moves.partitions().empty()) return absl::OkStatus();
  v1::RingSpec parsed;
  if (!parsed.ParseFromString(spec)) {
    return absl::DataLossError("its spec cannot be read");
  }
  const size_t partitions = PartitionsOf(parsed);
  const auto width = WidthOf(moves, Direction::kForward, partitions);
  if (!width.ok()) return width.status();
  // All of them: the number of owners may be another one.
  return static_cast<size_t>(moves.partitions_size()) == partitions
             ? ReplacePartitions(commit, digest)
             : MovePartitions(commit, std::min(partitions, kPartitionsPerRow),
                              *width, digest);
}

absl::Status SqliteStore::ReplacePartitions(const Commit& commit,
                                            uint64_t& digest) {
  absl::Status status = VisitPartitions(
      commit.ring, [&](uint64_t number, absl::string_view owners) {
        digest -= PartitionsDigest(number, owners);
      });
  if (!status.ok()) return status;
  status = queries_[kDeletePartitions].Run(commit.ring);
  if (!status.ok()) return status;
  const v1::PartitionMoves& moves = commit.record.partitions();
  return InsertTable(
      commit.ring,
      {moves.after().data(), static_cast<size_t>(moves.after_size())},
      static_cast<size_t>(moves.partitions_size()), digest);
}

absl::Status SqliteStore::InsertTable(absl::string_view ring,
                                      std::span<const uint32_t> owners,
                                      size_t partitions, uint64_t& digest) {
  const size_t per_row = kPartitionsPerRow * (owners.size() / partitions);
  for (size_t first = 0; first < owners.size(); first += per_row) {
    const absl::string_view bytes = BytesOf(
        owners.data() + first, std::min(per_row, owners.size() - first));
    absl::Status status =
        queries_[kUpsertPartitions].Run(ring, first / per_row, Blob{bytes});
    if (!status.ok()) return status;
    digest += PartitionsDigest(first / per_row, bytes);
  }
  return absl::OkStatus();
}

absl::Status SqliteStore::MovePartitions(const Commit& commit,
                                         size_t partitions_per_row,
                                         size_t width, uint64_t& digest) {
  const v1::PartitionMoves& moves = commit.record.partitions();
  for (int i = 0; i < moves.partitions_size();) {
    const uint64_t number = moves.partitions(i) / kPartitionsPerRow;
    OrdinalTable owners;
    {
      Rows rows = queries_[kSelectPartitionsRow].Select(commit.ring, number);
      const auto found = rows.Next();
      if (!found.ok()) return found.status();
      if (*found) {
        owners = OrdinalsIn(rows.Bytes(0));
        digest -= PartitionsDigest(number, rows.Bytes(0));
      }
    }
    if (width == 0 || owners.size() != partitions_per_row * width) {
      return absl::DataLossError("its moved partitions do not fit its table");
    }
    for (; i < moves.partitions_size() &&
           moves.partitions(i) / kPartitionsPerRow == number;
         ++i) {
      const size_t first = moves.partitions(i) % kPartitionsPerRow * width;
      std::copy_n(moves.after().begin() +
                      static_cast<ptrdiff_t>(static_cast<size_t>(i) * width),
                  width, owners.begin() + static_cast<ptrdiff_t>(first));
    }
    const absl::string_view bytes = BytesOf(owners.data(), owners.size());
    absl::Status status =
        queries_[kUpsertPartitions].Run(commit.ring, number, Blob{bytes});
    if (!status.ok()) return status;
    digest += PartitionsDigest(number, bytes);
  }
  return absl::OkStatus();
}

}  // namespace clockwise
