// The refusals that every store makes by rule, in one wording. Stateless.
#ifndef CLOCKWISE_SERVICE_STORE_STORE_RULES_H_
#define CLOCKWISE_SERVICE_STORE_STORE_RULES_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "service/store/store.h"

namespace clockwise {

absl::Status RingNotFound(absl::string_view ring);
absl::Status RingExists(absl::string_view ring);

// EPOCH_CONFLICT unless `stored` is of the incarnation that the caller knows.
[[nodiscard]] absl::Status CheckIncarnation(const RingHead& stored,
                                            uint64_t incarnation);

// The compare of the compare-and-set: EPOCH_CONFLICT unless `commit` follows
// `stored`.
[[nodiscard]] absl::Status CheckFollows(const RingHead& stored,
                                        const Commit& commit);

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
