// Functions that read and write a ring file: the last valid ring, for a start
// while no server answers. Stateless.
//
// Format: "CLKWRNG1"; 8 bytes, little-endian: the XXH3-64 of all bytes that
// follow; 8 bytes, little-endian: the time at which a server last confirmed
// that the ring is the newest, in milliseconds of the Unix epoch; a Snapshot
// (placement.proto). The file is replaced atomically. A damaged file is
// rejected.
#ifndef CLOCKWISE_CLIENT_LIB_RING_FILE_H_
#define CLOCKWISE_CLIENT_LIB_RING_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/lib/mirror.h"

namespace clockwise::client {

struct KeptRing {
  RingViewPtr view;
  absl::Time confirmed;
};

// Writes the ring file. Error messages are one line with the path. UNAVAILABLE:
// the operating system returned an error, or the ring is too large.
[[nodiscard]] absl::Status WriteRingFile(const std::string& path,
                                         const KeptRing& kept);

// Reads the ring file. `ring` is the required name of the ring. NOT_FOUND: the
// file does not exist. DATA_LOSS: the file is not a ring file, or is damaged.
// FAILED_PRECONDITION: it contains another ring. UNAVAILABLE: it cannot be
// read.
absl::StatusOr<KeptRing> ReadRingFile(const std::string& path,
                                      const std::string& ring);

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_RING_FILE_H_
