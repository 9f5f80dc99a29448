// AccessGate decides whether a caller may make a call. Thread-safe. Without a
// policy, every caller may call every method of the table, unless it has a
// certificate that is not valid now.
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
#include "service/tls/peer_certificates.h"

namespace clockwise {

class AccessGate {
 public:
  // `policy` may be null. `mutual_tls`: callers have certificates, whose dates
  // the gate checks.
  AccessGate(std::shared_ptr<const PolicySource> policy, bool mutual_tls)
      : policy_(std::move(policy)), mutual_tls_(mutual_tls) {}

  // True if there is a policy.
  bool guarded() const { return policy_ != nullptr; }
  // False if the gate lets every caller in.
  bool checks_callers() const { return guarded() || mutual_tls_; }

  // The caller of a method. `name` is its name in the change history: the
  // identity that it has proved, or the peer's address without a policy. A
  // caller cannot choose the name.
  struct Caller {
    std::string name;
    Role role = Role::kNone;
  };
  // The ring of a call that concerns no single ring. Only a grant for "*"
  // matches it.
  static constexpr absl::string_view kEveryRing = "*";

  // Checks that the caller has the role that the table requires for `method` on
  // `ring` ("" is the default ring). Sets `caller` if it is known, also after a
  // failure.
  //   UNAUTHENTICATED    the caller has not proved an identity, or its
  //                      certificate is not valid now; also without a policy.
  //   PERMISSION_DENIED  the role is too low.
  //   LIMIT_REACHED      too many attempts from its network have failed.
  //   UNIMPLEMENTED      the table has no `method`; also without a policy.
  absl::Status Admit(const grpc::CallbackServerContext& context, Method method,
                     absl::string_view ring, Caller& caller) const;

  // Checks as Admit does, if the caller's name is not needed.
  absl::Status Check(const grpc::CallbackServerContext& context, Method method,
                     absl::string_view ring) const;

  // Returns a function that returns true for the rings on which the caller has
  // the role of `method`. UNAUTHENTICATED, LIMIT_REACHED, UNIMPLEMENTED: as
  // above.
  absl::StatusOr<std::function<bool(absl::string_view)>> Readable(
      const grpc::CallbackServerContext& context, Method method) const;

  // Returns true if Check returns OK. Counts no rejected call.
  bool HasRole(const grpc::CallbackServerContext& context, Method method,
               absl::string_view ring) const;

  // True if the caller has at least `role` on some ring. Counts no rejected
  // call.
  bool HasAnyRole(const grpc::CallbackServerContext& context, Role role) const;

  // Checks what can be known of the caller of `method` before its ring is
  // known. UNAUTHENTICATED, LIMIT_REACHED, UNIMPLEMENTED: as above.
  absl::Status CheckIdentity(const grpc::CallbackServerContext& context,
                             Method method) const {
    return Readable(context, method).status();
  }

  // Adds the numbers of rejected calls by cause, if callers are checked.
  void AddFigures(SecurityFigures& figures) const;

 private:
  enum class Refused {
    kUnauthenticated,
    kBadToken,
    kBlocked,
    kDenied,
    kCertificate
  };
  static constexpr std::array<const char*, 5> kRefusedNames = {
      "unauthenticated", "bad_token", "blocked", "denied", "certificate"};
  // UNAUTHENTICATED: the caller's certificate is not valid now.
  absl::Status CheckCertificate(
      const grpc::CallbackServerContext& context) const;
  // Returns the identity of the caller; empty if it sent no certificate and no
  // token.
  absl::StatusOr<Identity> IdentityOf(
      const grpc::CallbackServerContext& context, const Policy& policy) const;
  // Returns the identity of the caller; UNAUTHENTICATED if it is empty.
  absl::StatusOr<Identity> Authenticate(
      const grpc::CallbackServerContext& context, const Policy& policy,
      const MethodRow& row) const;
  // Counts a rejected call. Returns `status`.
  absl::Status Refuse(Refused why, const absl::Status& status) const;

  const std::shared_ptr<const PolicySource> policy_;
  const bool mutual_tls_;
  PeerCertificates certificates_;
  mutable FailedAttempts failed_;
  mutable std::array<std::atomic<uint64_t>, kRefusedNames.size()> refused_ = {};
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_ACCESS_GATE_H_
