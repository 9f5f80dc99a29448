// The checks, errors and edits that all stores share. Stateless.
#ifndef CLOCKWISE_SERVICE_STORE_STORE_RULES_H_
#define CLOCKWISE_SERVICE_STORE_STORE_RULES_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "service/store/store.h"

namespace clockwise {

absl::Status RingNotFound(absl::string_view ring);
absl::Status RingExists(absl::string_view ring);
// Returns RING_IN_USE: `user` migrates from `ring`.
absl::Status RingInUse(absl::string_view ring, absl::string_view user);

// Returns RING_NOT_FOUND: no deleted ring with this name, and this incarnation
// (0: any), is kept.
absl::Status DeletedRingNotFound(absl::string_view ring, uint64_t incarnation);

// True if another program changed or deleted the ring first: EPOCH_CONFLICT or
// RING_NOT_FOUND.
bool LostRace(const absl::Status& status);

// Returns EPOCH_CONFLICT: limits::kMaxCommitAttempts attempts lost the race.
absl::Status LostAllRaces(absl::string_view ring);

// Checks that `stored` has the incarnation that the caller expects;
// EPOCH_CONFLICT.
[[nodiscard]] absl::Status CheckIncarnation(const RingHead& stored,
                                            uint64_t incarnation);

// Checks that `deletion` has the incarnation and the epoch of `stored`;
// EPOCH_CONFLICT.
[[nodiscard]] absl::Status CheckDeletable(const RingHead& stored,
                                          const Deletion& deletion);

// Returns the incarnation that the source of the migration must have after
// `commit` has restored a ring; 0 if the ring does not migrate then.
uint64_t RequiredSource(const DeletedRing& ring, const Commit& commit);

// Returns EPOCH_CONFLICT: the ring that `ring` migrates from does not exist
// with the incarnation that it had.
absl::Status SourceIsGone(const DeletedRing& ring);

// Converts the time of a message.
absl::Time ToTime(const google::protobuf::Timestamp& timestamp);

// Sorts as Store::Deleted does.
void SortDeleted(std::vector<DeletedRing>& rings);

// Returns the rings in `kept` that a store no longer keeps at `now`: those that
// have expired, and the oldest above limits::kMaxDeletedRings and
// limits::kMaxDeletedRingBytes.
std::vector<DeletedRing> DueForPurge(std::vector<DeletedRing> kept,
                                     absl::Time now);

// Checks that `commit` has the incarnation of `stored` and its epoch plus one;
// EPOCH_CONFLICT. It is the compare of the compare-and-set.
[[nodiscard]] absl::Status CheckFollows(const RingHead& stored,
                                        const Commit& commit);

// Checks that a ring still has all changes after `epoch`; EPOCH_CONFLICT. The
// oldest record of the ring has the epoch `dropped` + 1.
[[nodiscard]] absl::Status CheckKept(const RingHead& head, uint64_t dropped,
                                     uint64_t epoch);

// Returns the records of `ring` after `epoch`. EPOCH_CONFLICT: some of them are
// no longer kept, or the ring has another incarnation.
absl::StatusOr<std::vector<stored::v1::ChangeRecord>> RecordsAfter(
    StoredRing ring, uint64_t incarnation, uint64_t epoch);

// Applies `commit`, which must follow the ring, to the nodes, table, history
// and head in memory. STORE_UNAVAILABLE: its moves do not fit the table; the
// ring is not changed.
[[nodiscard]] absl::Status ApplyTo(StoredRing& ring, const Commit& commit);

// Applies `change` to the ring's spec only.
void ApplyToSpec(const v1::Change& change, v1::RingSpec& spec);

// Returns the newest epoch whose record `commit` drops; 0 if there is none.
uint64_t NewestDroppedEpoch(const Commit& commit);

// Applies the partition moves of `commit` to `table`. STORE_UNAVAILABLE: they
// do not fit the table.
[[nodiscard]] absl::Status MoveStored(const Commit& commit, size_t partitions,
                                      OrdinalTable& table);

// Checks that the parts of a ring are consistent, as StoredRing requires.
// DATA_LOSS: they are not; the message has no file name, which the store adds.
[[nodiscard]] absl::Status CheckRing(const StoredRing& ring);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_STORE_RULES_H_
