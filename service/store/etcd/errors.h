// Functions that judge the errors of etcd. Stateless.
//
// etcd reports many errors with the same code, so its texts decide.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_ERRORS_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_ERRORS_H_

#include <grpcpp/support/status.h>

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace clockwise {

// error_details of an answer that EtcdClient rejected.
inline constexpr char kRejectedAnswer[] = "rejected";
// error_details of a failed log-in that preceded a call.
inline constexpr char kFailedLogIn[] = "log-in";

// True if a new log-in may help: etcd does not know the token, or it requires
// authentication since the last call.
bool IsOldLogIn(const grpc::Status& status);

// True for a failure that passes by itself, without a new log-in.
bool IsTemporary(const grpc::Status& status);

// True if etcd's space quota is used up.
bool IsFull(const grpc::Status& status);

// True if etcd has certainly not executed a call that failed with `status`.
bool NeverSent(const grpc::Status& status);

// Returns the error for a call that etcd rejected, with advice: STORE_REFUSED;
// LIMIT_REACHED if the request exceeds a limit of etcd; STORE_UNAVAILABLE if
// `maybe_made`, which means that an earlier attempt may have been executed. The
// caller of a change adds the outcome (WithOutcome).
absl::Status EtcdRefusal(const grpc::Status& status,
                         const std::vector<std::string>& endpoints,
                         bool has_user, bool maybe_made);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_ERRORS_H_
