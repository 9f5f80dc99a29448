#include "service/store/store_rules.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "service/ring/refusal.h"

namespace clockwise {

absl::Status RingNotFound(absl::string_view ring) {
  return Refusal(v1::ERROR_REASON_RING_NOT_FOUND,
                 absl::StrCat("there is no ring ", Quoted(ring)));
}

absl::Status RingExists(absl::string_view ring) {
  return Refusal(v1::ERROR_REASON_RING_EXISTS,
                 absl::StrCat("ring ", Quoted(ring), " exists"));
}

absl::Status CheckIncarnation(const RingHead& stored, uint64_t incarnation) {
  if (stored.incarnation == incarnation) return absl::OkStatus();
  return Refusal(
      v1::ERROR_REASON_EPOCH_CONFLICT,
      absl::StrCat("ring ", Quoted(stored.spec.name()), " is of incarnation ",
                   absl::Hex(stored.incarnation), ", not ",
                   absl::Hex(incarnation), ": it was created anew"));
}

absl::Status CheckFollows(const RingHead& stored, const Commit& commit) {
  absl::Status status = CheckIncarnation(stored, commit.incarnation);
  if (!status.ok()) return status;
  const uint64_t epoch = commit.record.change().epoch();
  // Not `stored.epoch + 1 == epoch`: that would let 0 follow 2^64-1.
  if (epoch > stored.epoch && epoch - stored.epoch == 1) {
    return absl::OkStatus();
  }
  return Refusal(
      v1::ERROR_REASON_EPOCH_CONFLICT,
      absl::StrCat("ring ", Quoted(stored.spec.name()), " is at epoch ",
                   stored.epoch, ", so epoch ", epoch, " cannot be next"));
}

uint64_t NewestDroppedEpoch(const Commit& commit) {
  const uint64_t epoch = commit.record.change().epoch();
  const uint64_t beyond =
      epoch > commit.history_changes ? epoch - commit.history_changes : 0;
  return std::max(beyond, commit.dropped_epoch);
}

absl::Status MoveStored(const Commit& commit, size_t partitions,
                        OrdinalTable& table) {
  const absl::Status status =
      Move(commit.record.partitions(), Direction::kForward, partitions, table);
  if (status.ok()) return status;
  return Refusal(
      v1::ERROR_REASON_STORE_UNAVAILABLE,
      absl::StrCat("ring ", Quoted(commit.ring), ": ", status.message()));
}

absl::Status CheckRing(const StoredRing& ring) {
  for (size_t i = 1; i < ring.nodes.size(); ++i) {
    if (ring.nodes[i - 1].id() >= ring.nodes[i].id()) {
      return absl::DataLossError("its nodes are not in order");
    }
  }
  for (size_t i = 1; i < ring.history.size(); ++i) {
    if (ring.history[i].change().epoch() - 1 !=
        ring.history[i - 1].change().epoch()) {
      return absl::DataLossError("its history has a gap");
    }
  }
  const size_t partitions = PartitionsOf(ring.head.spec);
  if (partitions == 0 ? !ring.table.empty()
                      : ring.table.size() % partitions != 0) {
    return absl::DataLossError("its partition table has no whole rows");
  }
  if (!ring.history.empty() &&
      ring.history.back().change().epoch() != ring.head.epoch) {
    return absl::DataLossError("its history does not end at its epoch");
  }
  return absl::OkStatus();
}

}  // namespace clockwise
