// Decides who may make a call. Thread-safe. Without a policy everybody may make
// all calls.
#ifndef CLOCKWISE_SERVICE_RPC_GATE_H_
#define CLOCKWISE_SERVICE_RPC_GATE_H_

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
#include "service/metrics/rpc_stats.h"
#include "service/metrics/security_figures.h"

namespace clockwise {

class Gate {
 public:
  // `policy` may be null.
  explicit Gate(std::shared_ptr<const PolicySource> policy)
      : policy_(std::move(policy)) {}

  // Whether calls are looked at, at all.
  bool guarded() const { return policy_ != nullptr; }

  // Who calls, as the change history names them. Nobody can choose it: it is
  // what was proved, or without a policy the peer's address.
  struct Caller {
    std::string name;
    Role role = Role::kNone;
  };
  // Sets `caller`, also if it is refused, as far as something was proved.
  // UNAUTHENTICATED: nothing was. PERMISSION_DENIED: it may not, on `ring` (""
  // is the default one). LIMIT_REACHED: too many attempts failed.
  absl::Status Admit(const grpc::CallbackServerContext& context, Method method,
                     absl::string_view ring, Caller& caller) const;

  // Which rings the caller of `method` may read, for lists of them.
  // UNAUTHENTICATED.
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
      Method method) const;
  absl::Status Refuse(Refused why, const absl::Status& status) const;

  const std::shared_ptr<const PolicySource> policy_;
  mutable FailedAttempts failed_;
  mutable std::array<std::atomic<uint64_t>, kRefusedNames.size()> refused_ = {};
};

// The role that `method` takes.
Role RoleFor(Method method);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_GATE_H_
