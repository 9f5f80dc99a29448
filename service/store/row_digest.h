// Computes the digest of a ring's rows: a checksum that is stored with them.
// SQLite checks the structure of its pages, not their content. The digest
// detects changed bytes, so the store rejects a damaged file. Stateless.
//
// A ring's digest is the sum of the digests of its rows, modulo 2^64. A commit
// updates it from the rows that it changes, in any order.
#ifndef CLOCKWISE_SERVICE_STORE_ROW_DIGEST_H_
#define CLOCKWISE_SERVICE_STORE_ROW_DIGEST_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "service/store/store.h"

namespace clockwise {

// `spec` contains the stored bytes. They are never serialised again for a
// comparison, because versions of protobuf may serialise differently.
uint64_t HeadDigest(const RingHead& head, absl::string_view spec);
uint64_t NodeDigest(absl::string_view id, absl::string_view node);
uint64_t ChangeDigest(uint64_t epoch, absl::string_view record);
uint64_t PartitionsDigest(uint64_t number, absl::string_view owners);
// The digest of a row of the table `deleted`; it is not part of a sum.
uint64_t DeletedDigest(absl::string_view ring, uint64_t incarnation,
                       absl::string_view deletion, absl::string_view content);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ROW_DIGEST_H_
