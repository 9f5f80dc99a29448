// A refusal is an absl::Status that names the rule and the invalid field in
// payloads. rpc/ sends these payloads unchanged. Stateless.
#ifndef CLOCKWISE_SERVICE_API_REFUSAL_H_
#define CLOCKWISE_SERVICE_API_REFUSAL_H_

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise {

// Returns an error with `reason` and the status code that ErrorReason documents
// for it. `message` names the field, the value and the bound, and ends without
// a period. `field`: the field of the request that the error is about, which a
// BadRequest names; empty: no field.
absl::Status Refusal(v1::ErrorReason reason, absl::string_view message,
                     absl::string_view field = "");

// Returns an error about one field (ERROR_REASON_FIELD_INVALID):
// INVALID_ARGUMENT with a BadRequest that names `field`. The message is "field:
// description".
absl::Status FieldRefusal(absl::string_view field,
                          absl::string_view description);

// Returns the same error with another name for its field, if it has one. Used
// for a message inside another message.
absl::Status RenameField(
    const absl::Status& refusal,
    const std::function<std::string(absl::string_view)>& rename);

// Returns the failure of a change with its outcome, in the message and in
// ErrorInfo.metadata["outcome"]: "unchanged", or "unknown" if the change may
// have been made. Changes only STORE_UNAVAILABLE, and STORE_REFUSED, which
// means "unchanged". Keeps an outcome that is stated already.
absl::Status WithOutcome(const absl::Status& failure, bool maybe_made);

// Returns true if `refusal` leaves open whether a change was made: it is
// STORE_UNAVAILABLE, and does not state that nothing was changed.
bool LeavesOutcomeOpen(const absl::Status& refusal);

// Returns the reason of an error; ERROR_REASON_UNSPECIFIED if it is no refusal.
v1::ErrorReason ReasonOf(const absl::Status& status);

// Returns the reason's name without the enum's prefix, such as RING_NOT_FOUND.
// Returns "" if `status` is no refusal.
std::string ReasonName(const absl::Status& status);

// Returns the invalid field; empty if the error names none.
std::string FieldOf(const absl::Status& status);

// Quotes external text for a message. It is cut at 64 bytes, and bytes that are
// not printable ASCII are escaped.
std::string Quoted(absl::string_view text);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_API_REFUSAL_H_
