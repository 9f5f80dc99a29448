// Checks the fields of requests against their bounds (service/limits.h) and
// fills in defaults. Stateless. Each failure is a FieldRefusal that names the
// field, the value and the bound.
#ifndef CLOCKWISE_SERVICE_API_VALIDATE_H_
#define CLOCKWISE_SERVICE_API_VALIDATE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise {

inline constexpr absl::string_view kDefaultRing = "default";

// The metadata of a call in which a client states the name of its user.
inline constexpr char kStatedActorMetadata[] = "clockwise-actor";

// Checks that `id` is 1 to kMaxIdBytes letters, digits and ._-:/ and begins
// with a letter or digit. The error names `field`.
absl::Status ValidateId(absl::string_view field, absl::string_view id);

// Returns the ring of a request: `ring`, or "default" if it is empty.
absl::StatusOr<std::string> RingName(absl::string_view ring);

// Returns the node with its defaults: weight 1, hash_key = id. Clears the
// ordinal.
absl::StatusOr<v1::Node> NormalizeNode(const v1::Node& node);

// Returns `value` if it is from `least` to `most`, and `otherwise` if it is 0.
absl::StatusOr<uint32_t> InBounds(absl::string_view field, uint32_t value,
                                  uint32_t otherwise, uint32_t least,
                                  uint32_t most);

absl::Status ValidateKey(absl::string_view field, absl::string_view key);
absl::Status ValidateReplicas(uint32_t replicas);
absl::Status ValidateRequestId(absl::string_view request_id);
absl::Status ValidateReason(absl::string_view reason);
// Checks the name that a client states for its user. The error names the
// metadata, clockwise-actor.
absl::Status ValidateStatedActor(absl::string_view actor);

// Returns the size of a page of a list; the default if `page_size` is 0.
absl::StatusOr<uint32_t> PageSize(uint32_t page_size);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_API_VALIDATE_H_
