#include "service/store/store_rules.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/limits.h"

namespace clockwise {

absl::Status RingNotFound(absl::string_view ring) {
  return Refusal(v1::ERROR_REASON_RING_NOT_FOUND,
                 absl::StrCat("ring ", Quoted(ring),
                              " does not exist; ListRings lists the rings"));
}

absl::Status RingInUse(absl::string_view ring, absl::string_view user) {
  return Refusal(v1::ERROR_REASON_RING_IN_USE,
                 absl::StrCat("ring ", Quoted(ring), ": ring ", Quoted(user),
                              " migrates from it; end that migration first"));
}

absl::Status RingExists(absl::string_view ring) {
  return Refusal(v1::ERROR_REASON_RING_EXISTS,
                 absl::StrCat("ring ", Quoted(ring), " already exists"));
}

absl::Status DeletedRingNotFound(absl::string_view ring, uint64_t incarnation) {
  const std::string which =
      incarnation == 0 ? ""
                       : absl::StrCat(" and incarnation ",
                                      absl::Hex(incarnation, absl::kZeroPad16));
  return Refusal(
      v1::ERROR_REASON_RING_NOT_FOUND,
      absl::StrCat("no deleted ring with the name ", Quoted(ring), which,
                   " is kept; ListRings with `deleted` lists the "
                   "deleted rings"));
}

bool LostRace(const absl::Status& status) {
  const v1::ErrorReason reason = ReasonOf(status);
  return reason == v1::ERROR_REASON_EPOCH_CONFLICT ||
         reason == v1::ERROR_REASON_RING_NOT_FOUND;
}

absl::Status LostAllRaces(absl::string_view ring) {
  return Refusal(
      v1::ERROR_REASON_EPOCH_CONFLICT,
      absl::StrCat("ring ", Quoted(ring), ": other servers changed it first ",
                   limits::kMaxCommitAttempts, " times in a row; retry"));
}

absl::Status CheckIncarnation(const RingHead& stored, uint64_t incarnation) {
  if (stored.incarnation == incarnation) return absl::OkStatus();
  return Refusal(
      v1::ERROR_REASON_EPOCH_CONFLICT,
      absl::StrCat("ring ", Quoted(stored.spec.name()), " has incarnation ",
                   absl::Hex(stored.incarnation), ", not ",
                   absl::Hex(incarnation),
                   ": it was deleted and created again; read the ring again"));
}

absl::Status CheckDeletable(const RingHead& stored, const Deletion& deletion) {
  absl::Status status = CheckIncarnation(stored, deletion.incarnation);
  if (!status.ok()) return status;
  if (deletion.epoch == 0 || deletion.epoch == stored.epoch) {
    return absl::OkStatus();
  }
  return Refusal(v1::ERROR_REASON_EPOCH_CONFLICT,
                 absl::StrCat("ring ", Quoted(stored.spec.name()),
                              " is at epoch ", stored.epoch, ", not ",
                              deletion.epoch, "; read the ring again"));
}

uint64_t RequiredSource(const DeletedRing& ring, const Commit& commit) {
  v1::RingSpec spec = ring.head.spec;
  ApplyToSpec(commit.record.change(), spec);
  return spec.migrating_from().empty() ? 0 : ring.record.source_incarnation();
}

absl::Status SourceIsGone(const DeletedRing& ring) {
  return Refusal(v1::ERROR_REASON_EPOCH_CONFLICT,
                 absl::StrCat("ring ", Quoted(ring.head.spec.name()),
                              " migrated from ring ",
                              Quoted(ring.head.spec.migrating_from()),
                              ", which was deleted meanwhile; retry"));
}

absl::Time ToTime(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) +
         absl::Nanoseconds(timestamp.nanos());
}

namespace {

bool IsNewer(const DeletedRing& a, const DeletedRing& b) {
  return ToTime(a.record.deletion().delete_time()) >
         ToTime(b.record.deletion().delete_time());
}

}  // namespace

void SortDeleted(std::vector<DeletedRing>& rings) {
  std::stable_sort(rings.begin(), rings.end(),
                   [](const DeletedRing& a, const DeletedRing& b) {
                     const int order =
                         a.head.spec.name().compare(b.head.spec.name());
                     return order != 0 ? order < 0 : IsNewer(a, b);
                   });
}

std::vector<DeletedRing> DueForPurge(std::vector<DeletedRing> kept,
                                     absl::Time now) {
  // Newest first, so that the oldest are above the bounds.
  std::stable_sort(kept.begin(), kept.end(), IsNewer);
  std::vector<DeletedRing> due;
  size_t rings = 0;
  uint64_t bytes = 0;
  for (DeletedRing& ring : kept) {
    if (ToTime(ring.record.deletion().expire_time()) > now) {
      ++rings;
      bytes += ring.record.data_bytes();
      if (rings <= limits::kMaxDeletedRings &&
          bytes <= limits::kMaxDeletedRingBytes) {
        continue;
      }
    }
    due.push_back(std::move(ring));
  }
  return due;
}

absl::Status CheckFollows(const RingHead& stored, const Commit& commit) {
  absl::Status status = CheckIncarnation(stored, commit.incarnation);
  if (!status.ok()) return status;
  const uint64_t epoch = commit.record.change().epoch();
  // `stored.epoch + 1 == epoch` would accept 0 after 2^64-1.
  if (epoch > stored.epoch && epoch - stored.epoch == 1) {
    return absl::OkStatus();
  }
  return Refusal(
      v1::ERROR_REASON_EPOCH_CONFLICT,
      absl::StrCat("ring ", Quoted(stored.spec.name()), " is at epoch ",
                   stored.epoch, ", so the next change cannot have epoch ",
                   epoch, "; read the ring again"));
}

absl::Status CheckKept(const RingHead& head, uint64_t dropped, uint64_t epoch) {
  if (epoch >= dropped && epoch <= head.epoch) return absl::OkStatus();
  return Refusal(
      v1::ERROR_REASON_EPOCH_CONFLICT,
      absl::StrCat("ring ", Quoted(head.spec.name()),
                   " keeps only the changes after epoch ", dropped, " up to ",
                   head.epoch, ", not all changes after epoch ", epoch,
                   "; read the whole ring"));
}

absl::StatusOr<std::vector<stored::v1::ChangeRecord>> RecordsAfter(
    StoredRing ring, uint64_t incarnation, uint64_t epoch) {
  const uint64_t dropped = ring.head.epoch - ring.history.size();
  absl::Status status = CheckIncarnation(ring.head, incarnation);
  if (status.ok()) status = CheckKept(ring.head, dropped, epoch);
  if (!status.ok()) return status;
  ring.history.erase(
      ring.history.begin(),
      ring.history.begin() + static_cast<ptrdiff_t>(epoch - dropped));
  return std::move(ring.history);
}

void ApplyToSpec(const v1::Change& change, v1::RingSpec& spec) {
  if (!change.ended_migration_from().empty()) spec.clear_migrating_from();
}

absl::Status ApplyTo(StoredRing& ring, const Commit& commit) {
  absl::Status status =
      MoveStored(commit, PartitionsOf(ring.head.spec), ring.table);
  if (!status.ok()) return status;
  const v1::Change& change = commit.record.change();
  std::map<absl::string_view, const v1::Node*> altered;  // null: removed
  for (const v1::Node& node : change.upserted()) altered[node.id()] = &node;
  for (const std::string& id : change.removed_ids()) altered[id] = nullptr;
  std::vector<v1::Node> nodes;
  nodes.reserve(ring.nodes.size() + altered.size());
  auto next = altered.begin();
  const auto put_up_to = [&](const v1::Node* old) {
    for (;
         next != altered.end() && (old == nullptr || next->first <= old->id());
         ++next) {
      if (next->second != nullptr) nodes.push_back(*next->second);
    }
  };
  for (v1::Node& old : ring.nodes) {
    const bool kept = !altered.contains(old.id());
    put_up_to(&old);
    if (kept) nodes.push_back(std::move(old));
  }
  put_up_to(nullptr);
  ring.nodes = std::move(nodes);
  ApplyToSpec(change, ring.head.spec);
  ring.history.push_back(commit.record);
  const uint64_t dropped = NewestDroppedEpoch(commit);
  const auto kept = std::find_if(
      ring.history.begin(), ring.history.end(),
      [&](const auto& record) { return record.change().epoch() > dropped; });
  ring.history.erase(ring.history.begin(), kept);
  ring.head.epoch = change.epoch();
  ring.head.fingerprint = change.fingerprint();
  return absl::OkStatus();
}

uint64_t NewestDroppedEpoch(const Commit& commit) {
  const uint64_t epoch = commit.record.change().epoch();
  const uint64_t beyond =
      epoch > commit.history_changes ? epoch - commit.history_changes : 0;
  return std::max(beyond, commit.dropped_epoch);
}

absl::Status MoveStored(const Commit& commit, size_t partitions,
                        OrdinalTable& table) {
  absl::Status status =
      Move(commit.record.partitions(), Direction::kForward, partitions, table);
  if (status.ok()) return status;
  return Refusal(
      v1::ERROR_REASON_STORE_UNAVAILABLE,
      absl::StrCat("ring ", Quoted(commit.ring), ": ", status.message()));
}

absl::Status CheckRing(const StoredRing& ring) {
  for (size_t i = 1; i < ring.nodes.size(); ++i) {
    if (ring.nodes[i - 1].id() >= ring.nodes[i].id()) {
      return absl::DataLossError("its nodes are not sorted by ID");
    }
  }
  for (size_t i = 1; i < ring.history.size(); ++i) {
    if (ring.history[i].change().epoch() - 1 !=
        ring.history[i - 1].change().epoch()) {
      return absl::DataLossError(absl::StrCat(
          "its history has epoch ", ring.history[i].change().epoch(),
          " after epoch ", ring.history[i - 1].change().epoch()));
    }
  }
  const size_t partitions = PartitionsOf(ring.head.spec);
  if (partitions == 0 ? !ring.table.empty()
                      : ring.table.size() % partitions != 0) {
    return absl::DataLossError(
        absl::StrCat("its partition table has ", ring.table.size(),
                     " entries, which do not fit ", partitions, " partitions"));
  }
  if (!ring.history.empty() &&
      ring.history.back().change().epoch() != ring.head.epoch) {
    return absl::DataLossError(absl::StrCat(
        "its history ends at epoch ", ring.history.back().change().epoch(),
        ", but the ring is at epoch ", ring.head.epoch));
  }
  return absl::OkStatus();
}

}  // namespace clockwise
