// The refusals that every store makes by rule, in one wording. Stateless.
#ifndef CLOCKWISE_SERVICE_STORE_STORE_RULES_H_
#define CLOCKWISE_SERVICE_STORE_STORE_RULES_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/store/store.h"

namespace clockwise {

absl::Status RingNotFound(absl::string_view ring);
absl::Status RingExists(absl::string_view ring);

// Whether a store refused because another program was faster.
bool LostRace(const absl::Status& status);

// EPOCH_CONFLICT unless `stored` is of the incarnation that the caller knows.
[[nodiscard]] absl::Status CheckIncarnation(const RingHead& stored,
                                            uint64_t incarnation);

// The compare of the compare-and-set: EPOCH_CONFLICT unless `commit` follows
// `stored`.
[[nodiscard]] absl::Status CheckFollows(const RingHead& stored,
                                        const Commit& commit);

// EPOCH_CONFLICT unless a ring whose oldest record is of the epoch after
// `dropped` keeps all changes after `epoch`.
[[nodiscard]] absl::Status CheckKept(const RingHead& head, uint64_t dropped,
                                     uint64_t epoch);

// Of `ring`, the records after `epoch`. EPOCH_CONFLICT: they are no longer all
// kept, or it is not of that incarnation.
absl::StatusOr<std::vector<stored::v1::ChangeRecord>> RecordsAfter(
    StoredRing ring, uint64_t incarnation, uint64_t epoch);

// Makes `commit`, which follows the ring, in memory: nodes, table, history and
// head. STORE_UNAVAILABLE: its moves do not fit the table; the ring is as it
// was.
[[nodiscard]] absl::Status ApplyTo(StoredRing& ring, const Commit& commit);

// The same for the ring's spec alone.
void ApplyToSpec(const v1::Change& change, v1::RingSpec& spec);

// The newest epoch whose record `commit` drops; 0: none.
uint64_t NewestDroppedEpoch(const Commit& commit);

// Moves the partitions of `commit` in a stored table. STORE_UNAVAILABLE: they
// do not fit it.
[[nodiscard]] absl::Status MoveStored(const Commit& commit, size_t partitions,
                                      OrdinalTable& table);

// OK if the parts of a ring fit together as StoredRing promises; else what is
// wrong with them, as DATA_LOSS, for the store to say in which file.
[[nodiscard]] absl::Status CheckRing(const StoredRing& ring);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_STORE_RULES_H_
