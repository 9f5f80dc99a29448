// The last good ring in a file, for a start when no server answers. Stateless.
//
// The file is "CLKWRNG1"; 8 bytes, little-endian: the XXH3-64 of all that
// follows; 8 bytes: when a server last said that the ring is the newest, in
// milliseconds of the Unix epoch; then a Snapshot (placement.proto). It is
// replaced whole or not at all, and what is damaged is refused.
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

// Failures are one line for people, with the path: UNAVAILABLE, the system
// refused.
[[nodiscard]] absl::Status WriteRingFile(const std::string& path,
                                         const KeptRing& kept);

// `ring` is the name that it must have. NOT_FOUND: there is no file;
// DATA_LOSS: it is no such file, or damaged; FAILED_PRECONDITION: it holds
// another ring; UNAVAILABLE: it cannot be read.
absl::StatusOr<KeptRing> ReadRingFile(const std::string& path,
                                      const std::string& ring);

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_RING_FILE_H_
