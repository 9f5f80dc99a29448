#include "service/store/etcd/errors.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"
#include "service/api/refusal.h"

namespace clockwise {
namespace {

// True if the request exceeds a limit of etcd or of its gRPC server. Other
// requests may be accepted.
bool IsTooLargeForEtcd(const grpc::Status& status) {
  return absl::StrContains(status.error_message(), "request is too large") ||
         absl::StrContains(status.error_message(), "too many operations") ||
         absl::StrContains(status.error_message(), "larger than max");
}

}  // namespace

bool IsOldLogIn(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAUTHENTICATED ||
         absl::StrContains(status.error_message(), "auth store is old") ||
         absl::StrContains(status.error_message(), "user name is empty");
}

bool IsTemporary(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::INTERNAL:  // a stream that was cut
    case grpc::StatusCode::UNKNOWN:
      return true;
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return absl::StrContains(status.error_message(), "too many requests");
    case grpc::StatusCode::FAILED_PRECONDITION:
      return absl::StrContains(status.error_message(), "leader");
    default:
      return false;
  }
}

bool IsFull(const grpc::Status& status) {
  return absl::StrContains(status.error_message(), "space exceeded");
}

bool NeverSent(const grpc::Status& status) {
  return IsOldLogIn(status) || status.error_details() == kRejectedAnswer ||
         status.error_details() == kFailedLogIn ||
         (status.error_code() == grpc::StatusCode::UNAVAILABLE &&
          absl::StrContains(status.error_message(), "failed to connect"));
}

absl::Status EtcdRefusal(const grpc::Status& status,
                         const std::vector<std::string>& endpoints,
                         bool has_user, bool maybe_made) {
  const bool too_large = IsTooLargeForEtcd(status);
  absl::string_view advice = "see its log";
  if (too_large) {
    advice = "raise its --max-request-bytes and --max-txn-ops";
  } else if (status.error_code() == grpc::StatusCode::PERMISSION_DENIED) {
    advice = "grant the user of --etcd-user readwrite on --etcd-prefix";
  } else if (status.error_code() == grpc::StatusCode::DATA_LOSS) {
    advice = "find the corrupt member with `etcdctl alarm list`";
  } else if (!has_user && IsOldLogIn(status)) {
    advice = "etcd requires authentication: set --etcd-user";
  } else if (IsOldLogIn(status) || status.error_details() == kFailedLogIn) {
    advice = "check --etcd-user and its password";
  }
  v1::ErrorReason reason = v1::ERROR_REASON_STORE_REFUSED;
  if (too_large) reason = v1::ERROR_REASON_LIMIT_REACHED;
  if (maybe_made) reason = v1::ERROR_REASON_STORE_UNAVAILABLE;
  return Refusal(reason,
                 absl::StrCat("etcd at ", absl::StrJoin(endpoints, ","), ": ",
                              status.error_message(), "; ", advice));
}

}  // namespace clockwise
