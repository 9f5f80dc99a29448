// Decides who may make a call. Thread-safe. Without a policy every caller may
// make every call of the table of methods.
#ifndef CLOCKWISE_SERVICE_RPC_ACCESS_GATE_H_
#define CLOCKWISE_SERVICE_RPC_ACCESS_GATE_H_

#include <grpcpp/server_context.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/access/failed_attempts.h"
#include "service/access/policy.h"
#include "service/api/methods.h"
#include "service/metrics/security_figures.h"

namespace clockwise {

class AccessGate {
 public:
  // `policy` may be null.
  explicit AccessGate(std::shared_ptr<const PolicySource> policy)
      : policy_(std::move(policy)) {}

  // True if there is a policy.
  bool guarded() const { return policy_ != nullptr; }

  // Who calls, as the change history names them. Nobody can choose it: it is
  // what was proved, or without a policy the peer's address.
  struct Caller {
    std::string name;
    Role role = Role::kNone;
  };
  // The ring of a call that is about no ring: only a grant for "*" matches it.
  static constexpr absl::string_view kEveryRing = "*";

  // Checks that the caller has the role that the table asks for `method`, on
  // `ring` ("" is the default ring). Sets `caller` as far as it is proved, also
  // if the call is refused. UNAUTHENTICATED: the caller has proved nothing.
  // PERMISSION_DENIED: its role is too low. LIMIT_REACHED: too many attempts
  // failed. UNIMPLEMENTED, with or without a policy: the table has no `method`.
  absl::Status Admit(const grpc::CallbackServerContext& context, Method method,
                     absl::string_view ring, Caller& caller) const;

  // The same check for a caller whose name is not needed.
  absl::Status Check(const grpc::CallbackServerContext& context, Method method,
                     absl::string_view ring) const;

  // Returns a function that is true for the rings on which the caller has the
  // role of `method`. UNAUTHENTICATED, LIMIT_REACHED and UNIMPLEMENTED as
  // above.
  absl::StatusOr<std::function<bool(absl::string_view)>> Readable(
      const grpc::CallbackServerContext& context, Method method) const;

  // Tells how many calls were refused, by why; of a guarded gate.
  void AddFigures(SecurityFigures& figures) const;

 private:
  enum class Refused { kUnauthenticated, kBadToken, kBlocked, kDenied };
  static constexpr std::array<const char*, 4> kRefusedNames = {
      "unauthenticated", "bad_token", "blocked", "denied"};
  // Who calls; nobody, if nothing is shown.
  absl::StatusOr<Identity> IdentityOf(
      const grpc::CallbackServerContext& context, const Policy& policy) const;
  // The same; UNAUTHENTICATED, if nothing is shown.
  absl::StatusOr<Identity> Authenticate(
      const grpc::CallbackServerContext& context, const Policy& policy,
      const MethodRow& row) const;
  absl::Status Refuse(Refused why, const absl::Status& status) const;

  const std::shared_ptr<const PolicySource> policy_;
  mutable FailedAttempts failed_;
  mutable std::array<std::atomic<uint64_t>, kRefusedNames.size()> refused_ = {};
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_ACCESS_GATE_H_
