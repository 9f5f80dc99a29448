#include "service/api/refusal.h"

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clockwise/v1/errors.pb.h"

namespace clockwise {
namespace {

constexpr absl::string_view kErrorInfoUrl =
    "type.googleapis.com/google.rpc.ErrorInfo";
constexpr absl::string_view kBadRequestUrl =
    "type.googleapis.com/google.rpc.BadRequest";
constexpr absl::string_view kReasonPrefix = "ERROR_REASON_";
// ErrorInfo.metadata, as placement.proto documents it.
constexpr char kOutcome[] = "outcome";
constexpr char kOutcomeUnchanged[] = "unchanged";
constexpr char kOutcomeUnknown[] = "unknown";
constexpr absl::string_view kUnchanged = "nothing was changed";
constexpr size_t kMaxQuotedBytes = 64;

absl::StatusCode CodeOf(v1::ErrorReason reason) {
  switch (reason) {
    case v1::ERROR_REASON_MALFORMED_REQUEST:
    case v1::ERROR_REASON_FIELD_INVALID:
    case v1::ERROR_REASON_LAYOUT_UNSUPPORTED:
    case v1::ERROR_REASON_REQUEST_ID_REUSED:
    case v1::ERROR_REASON_NODES_UNPLACEABLE:
      return absl::StatusCode::kInvalidArgument;
    case v1::ERROR_REASON_RING_NOT_FOUND:
    case v1::ERROR_REASON_NODE_NOT_FOUND:
      return absl::StatusCode::kNotFound;
    case v1::ERROR_REASON_NODE_EXISTS:
    case v1::ERROR_REASON_RING_EXISTS:
      return absl::StatusCode::kAlreadyExists;
    case v1::ERROR_REASON_RING_EMPTY:
    case v1::ERROR_REASON_RING_IN_USE:
    case v1::ERROR_REASON_FORCE_REQUIRED:
      return absl::StatusCode::kFailedPrecondition;
    case v1::ERROR_REASON_EPOCH_CONFLICT:
      return absl::StatusCode::kAborted;
    case v1::ERROR_REASON_EPOCH_OUT_OF_HISTORY:
      return absl::StatusCode::kOutOfRange;
    case v1::ERROR_REASON_LIMIT_REACHED:
    case v1::ERROR_REASON_STORE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case v1::ERROR_REASON_UNAUTHENTICATED:
      return absl::StatusCode::kUnauthenticated;
    case v1::ERROR_REASON_PERMISSION_DENIED:
      return absl::StatusCode::kPermissionDenied;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

// Returns an empty message if `status` has none.
v1::ErrorInfo ErrorInfoOf(const absl::Status& status) {
  v1::ErrorInfo info;
  const auto payload = status.GetPayload(kErrorInfoUrl);
  if (payload.has_value() && !info.ParseFromString(std::string(*payload))) {
    info.Clear();
  }
  return info;
}

// Returns an empty message if `status` has none.
v1::BadRequest BadRequestOf(const absl::Status& status) {
  v1::BadRequest bad;
  const auto payload = status.GetPayload(kBadRequestUrl);
  if (payload.has_value() && !bad.ParseFromString(std::string(*payload))) {
    bad.Clear();
  }
  return bad;
}

void NameField(absl::string_view field, absl::string_view description,
               absl::Status& status) {
  v1::BadRequest bad;
  auto* violation = bad.add_field_violations();
  violation->set_field(std::string(field));
  violation->set_description(std::string(description));
  status.SetPayload(kBadRequestUrl, absl::Cord(bad.SerializeAsString()));
}

}  // namespace

absl::Status Refusal(v1::ErrorReason reason, absl::string_view message,
                     absl::string_view field) {
  absl::Status status(CodeOf(reason), message);
  v1::ErrorInfo info;
  info.set_reason(v1::ErrorReason_Name(reason).substr(kReasonPrefix.size()));
  info.set_domain("clockwise");
  status.SetPayload(kErrorInfoUrl, absl::Cord(info.SerializeAsString()));
  if (!field.empty()) NameField(field, message, status);
  return status;
}

absl::Status FieldRefusal(absl::string_view field,
                          absl::string_view description) {
  absl::Status status = Refusal(v1::ERROR_REASON_FIELD_INVALID,
                                absl::StrCat(field, ": ", description));
  NameField(field, description, status);
  return status;
}

absl::Status RenameField(
    const absl::Status& refusal,
    const std::function<std::string(absl::string_view)>& rename) {
  const v1::BadRequest bad = BadRequestOf(refusal);
  if (bad.field_violations_size() != 1) return refusal;
  const auto& violation = bad.field_violations(0);
  const std::string field = rename(violation.field());
  const v1::ErrorReason reason = ReasonOf(refusal);
  return reason == v1::ERROR_REASON_FIELD_INVALID
             ? FieldRefusal(field, violation.description())
             : Refusal(reason, violation.description(), field);
}

v1::ErrorReason ReasonOf(const absl::Status& status) {
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  v1::ErrorReason_Parse(
      absl::StrCat(kReasonPrefix, ErrorInfoOf(status).reason()), &reason);
  return reason;
}

absl::Status WithOutcome(const absl::Status& failure, bool maybe_made) {
  v1::ErrorInfo info = ErrorInfoOf(failure);
  const v1::ErrorReason reason = ReasonOf(failure);
  if (reason == v1::ERROR_REASON_STORE_REFUSED) {
    maybe_made = false;
  } else if (reason != v1::ERROR_REASON_STORE_UNAVAILABLE) {
    return failure;
  }
  if (info.metadata().contains(kOutcome)) return failure;
  std::string message(failure.message());
  if (maybe_made) {
    absl::StrAppend(&message,
                    "; the outcome is unknown; retry with the same request_id");
  } else if (!absl::StrContains(message, kUnchanged)) {
    absl::StrAppend(&message, "; ", kUnchanged);
  }
  absl::Status stated(failure.code(), message);
  failure.ForEachPayload([&](absl::string_view url, const absl::Cord& value) {
    stated.SetPayload(url, value);
  });
  (*info.mutable_metadata())[kOutcome] =
      maybe_made ? kOutcomeUnknown : kOutcomeUnchanged;
  stated.SetPayload(kErrorInfoUrl, absl::Cord(info.SerializeAsString()));
  return stated;
}

bool LeavesOutcomeOpen(const absl::Status& refusal) {
  if (ReasonOf(refusal) != v1::ERROR_REASON_STORE_UNAVAILABLE) return false;
  const v1::ErrorInfo info = ErrorInfoOf(refusal);
  const auto outcome = info.metadata().find(kOutcome);
  return outcome == info.metadata().end() ||
         outcome->second != kOutcomeUnchanged;
}

std::string ReasonName(const absl::Status& status) {
  const v1::ErrorReason reason = ReasonOf(status);
  if (reason == v1::ERROR_REASON_UNSPECIFIED) return "";
  return v1::ErrorReason_Name(reason).substr(kReasonPrefix.size());
}

std::string FieldOf(const absl::Status& status) {
  const auto bad = BadRequestOf(status);
  return bad.field_violations().empty() ? "" : bad.field_violations(0).field();
}

std::string Quoted(absl::string_view text) {
  const bool cut = text.size() > kMaxQuotedBytes;
  return absl::StrCat("\"", absl::CHexEscape(text.substr(0, kMaxQuotedBytes)),
                      cut ? "…\"" : "\"");
}

}  // namespace clockwise
