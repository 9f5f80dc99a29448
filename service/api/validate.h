// The bounds of every field that comes from outside (service/limits.h), checked
// and defaults filled in. Stateless. Each failure is a FieldRefusal that names
// the field, the value and the bound.
#ifndef CLOCKWISE_SERVICE_API_VALIDATE_H_
#define CLOCKWISE_SERVICE_API_VALIDATE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise {

inline constexpr absl::string_view kDefaultRing = "default";

// 1 to kMaxIdBytes letters, digits and ._-:/, the first a letter or digit.
// `field` is what the refusal names.
absl::Status ValidateId(absl::string_view field, absl::string_view id);

// The ring that a request means: "default" if it names none.
absl::StatusOr<std::string> RingName(absl::string_view ring);

// The node with its defaults: weight 1, hash_key = id; the ordinal is dropped.
absl::StatusOr<v1::Node> NormalizeNode(const v1::Node& node);

// `value`, or `otherwise` if it is 0, if it is from `least` to `most`.
absl::StatusOr<uint32_t> InBounds(absl::string_view field, uint32_t value,
                                  uint32_t otherwise, uint32_t least,
                                  uint32_t most);

absl::Status ValidateKey(absl::string_view field, absl::string_view key);
absl::Status ValidateReplicas(uint32_t replicas);
absl::Status ValidateRequestId(absl::string_view request_id);
absl::Status ValidateReason(absl::string_view reason);

// A page's size: the default if 0.
absl::StatusOr<uint32_t> PageSize(uint32_t page_size);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_API_VALIDATE_H_
