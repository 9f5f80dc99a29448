// The digest of a ring's rows: a checksum that is kept beside them, so that a
// file whose bytes changed under SQLite's feet is refused and never served as
// another ring. SQLite checks the shape of its pages, not what is in them.
// Stateless.
//
// A ring's digest is the sum, modulo 2^64, of those of its rows: a commit can
// bring it up to date from the rows that it touches, in any order.
#ifndef CLOCKWISE_SERVICE_STORE_ROW_DIGEST_H_
#define CLOCKWISE_SERVICE_STORE_ROW_DIGEST_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "service/store/store.h"

namespace clockwise {

// `spec` is the spec as stored: its serialised bytes may differ between
// versions of protobuf, so they are never made again to be compared.
uint64_t HeadDigest(const RingHead& head, absl::string_view spec);
uint64_t NodeDigest(absl::string_view id, absl::string_view node);
uint64_t ChangeDigest(uint64_t epoch, absl::string_view record);
uint64_t PartitionsDigest(uint64_t number, absl::string_view owners);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ROW_DIGEST_H_
