// A refusal is an absl::Status that says which rule refused and which field is
// at fault, in payloads that rpc/ puts on the wire as they are. Stateless.
#ifndef CLOCKWISE_SERVICE_API_REFUSAL_H_
#define CLOCKWISE_SERVICE_API_REFUSAL_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise {

// Refuses for `reason`, with the status code that ErrorReason documents for it.
// `message` names the field, the value and the bound, and ends without a
// period.
absl::Status Refusal(v1::ErrorReason reason, absl::string_view message);

// Refuses because of one field (ERROR_REASON_FIELD_INVALID): INVALID_ARGUMENT
// with a BadRequest that names `field`. The message is "field: description".
absl::Status FieldRefusal(absl::string_view field,
                          absl::string_view description);

// The same refusal, its field (if it has one) called by another name: for a
// message inside another.
absl::Status RenameField(
    const absl::Status& refusal,
    const std::function<std::string(absl::string_view)>& rename);

// Why `status` was refused; ERROR_REASON_UNSPECIFIED if it is no refusal.
v1::ErrorReason ReasonOf(const absl::Status& status);

// Its name without the enum's prefix, as RING_NOT_FOUND; empty if it is none.
std::string ReasonName(const absl::Status& status);

// The field at fault; empty if the refusal names none.
std::string FieldOf(const absl::Status& status);

// Text from outside, fit for a message: quoted, cut at 64 bytes, and what is
// not printable ASCII escaped.
std::string Quoted(absl::string_view text);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_API_REFUSAL_H_
