#include "service/rpc/access_gate.h"

#include <grpc/grpc_security_constants.h>

#include <chrono>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "service/api/refusal.h"
#include "service/rpc/request_traits.h"

namespace clockwise {
namespace {

using Context = grpc::CallbackServerContext;

// Kinds of names in a certificate: gRPC's property, and the prefix in policies.
constexpr std::pair<const char*, const char*> kKinds[] = {
    {"peer_dns", "dns:"},
    {"peer_uri", "uri:"},
    {"peer_ip", "ip:"},
    {"peer_email", "email:"}};

bool IsEncrypted(const grpc::AuthContext& auth) {
  const auto kind = auth.FindPropertyValues("transport_security_type");
  return !kind.empty() && kind[0] == "ssl";
}

// Returns the first value of a property; "" if there is none.
absl::string_view PropertyOf(const grpc::AuthContext& auth, const char* name) {
  const auto values = auth.FindPropertyValues(name);
  if (values.empty()) return "";
  return {values[0].data(), values[0].size()};
}

// Returns the error for a method that the table does not have. This is a fault
// of the program, so the gate rejects every caller.
absl::Status NoRow(Method method) {
  return absl::UnimplementedError(
      absl::StrCat("method ", static_cast<int>(method),
                   " is not in the server's table of methods"));
}

}  // namespace

absl::Status AccessGate::Refuse(Refused why, const absl::Status& status) const {
  refused_[static_cast<size_t>(why)].fetch_add(1, std::memory_order_relaxed);
  return status;
}

void AccessGate::AddFigures(SecurityFigures& figures) const {
  if (!checks_callers()) return;
  for (size_t i = 0; i < refused_.size(); ++i) {
    figures.refused.emplace_back(kRefusedNames[i], refused_[i].load());
  }
}

absl::Status AccessGate::CheckCertificate(const Context& context) const {
  if (!mutual_tls_) return absl::OkStatus();
  const auto auth = context.auth_context();
  if (auth == nullptr) return absl::OkStatus();
  const absl::string_view pem =
      PropertyOf(*auth, GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (pem.empty()) return absl::OkStatus();  // it proves no name
  absl::Status valid = certificates_.Check(
      pem, PropertyOf(*auth, GRPC_X509_PEM_CERT_CHAIN_PROPERTY_NAME),
      absl::Now());
  if (valid.ok()) return valid;
  return Refuse(Refused::kCertificate,
                Refusal(v1::ERROR_REASON_UNAUTHENTICATED, valid.message()));
}

absl::StatusOr<Identity> AccessGate::IdentityOf(const Context& context,
                                                const Policy& policy) const {
  Identity identity;
  const auto auth = context.auth_context();
  const bool encrypted = auth != nullptr && IsEncrypted(*auth);
  if (encrypted && auth->IsPeerAuthenticated()) {
    for (const auto& [property, kind] : kKinds) {
      for (const grpc::string_ref& name : auth->FindPropertyValues(property)) {
        identity.names.push_back(
            absl::StrCat(kind, std::string(name.data(), name.size())));
      }
    }
  }
  const auto header = context.client_metadata().find("authorization");
  if (header == context.client_metadata().end()) return identity;
  absl::string_view token(header->second.data(), header->second.size());
  if (!absl::StartsWithIgnoreCase(token, "bearer ")) return identity;
  token.remove_prefix(7);
  if (!encrypted) {
    return Refuse(Refused::kBadToken,
                  Refusal(v1::ERROR_REASON_UNAUTHENTICATED,
                          "authorization: the token was sent in plaintext, so "
                          "it is rejected, and others may have read it; "
                          "replace the token, and use TLS"));
  }
  const std::string from = NetworkOf(context.peer());
  const auto now = std::chrono::steady_clock::now();
  if (failed_.Blocked(from, now)) {
    return Refuse(Refused::kBlocked,
                  Refusal(v1::ERROR_REASON_LIMIT_REACHED,
                          "authorization: too many unknown tokens from this "
                          "network; retry in a minute"));
  }
  identity.token = policy.NameOf(token);
  if (!identity.token.empty()) return identity;
  failed_.Count(from, now);
  return Refuse(Refused::kBadToken, Refusal(v1::ERROR_REASON_UNAUTHENTICATED,
                                            "authorization: the token is not "
                                            "in the server's token file; check "
                                            "the token"));
}

absl::StatusOr<Identity> AccessGate::Authenticate(const Context& context,
                                                  const Policy& policy,
                                                  const MethodRow& row) const {
  auto identity = IdentityOf(context, policy);
  if (!identity.ok() || !identity->names.empty() || !identity->token.empty()) {
    return identity;
  }
  return Refuse(
      Refused::kUnauthenticated,
      Refusal(
          v1::ERROR_REASON_UNAUTHENTICATED,
          absl::StrCat("the call has neither a token nor a client "
                       "certificate with a name; ",
                       row.name, " requires the role ", RoleName(row.role))));
}

absl::Status AccessGate::Admit(const Context& context, Method method,
                               absl::string_view ring, Caller& caller) const {
  const MethodRow* const row = RowOf(method);
  if (row == nullptr) return NoRow(method);
  absl::Status valid = CheckCertificate(context);
  if (!guarded()) caller.name = context.peer();
  if (!guarded() || !valid.ok()) return valid;
  const std::shared_ptr<const Policy> policy = policy_->Current();
  const auto identity = Authenticate(context, *policy, *row);
  if (!identity.ok()) return identity.status();
  Policy::Grant grant = policy->On(MeantRing(ring), *identity);
  caller.role = grant.role;
  caller.name = !grant.name.empty() ? std::move(grant.name)
                : identity->token.empty()
                    ? identity->names[0]
                    : absl::StrCat("token:", identity->token);
  if (caller.role >= row->role) return absl::OkStatus();
  return Refuse(
      Refused::kDenied,
      Refusal(v1::ERROR_REASON_PERMISSION_DENIED,
              absl::StrCat(caller.name, " has the role ", RoleName(caller.role),
                           " on ring ", Quoted(MeantRing(ring)), "; ",
                           row->name, " requires ", RoleName(row->role))));
}

absl::Status AccessGate::Check(const Context& context, Method method,
                               absl::string_view ring) const {
  Caller caller;
  return Admit(context, method, ring, caller);
}

bool AccessGate::HasRole(const Context& context, Method method,
                         absl::string_view ring) const {
  const MethodRow* const row = RowOf(method);
  if (row == nullptr) return false;
  if (!guarded()) return true;
  const std::shared_ptr<const Policy> policy = policy_->Current();
  const auto identity = IdentityOf(context, *policy);
  return identity.ok() &&
         policy->On(MeantRing(ring), *identity).role >= row->role;
}

bool AccessGate::HasAnyRole(const Context& context, Role role) const {
  if (!guarded()) return true;
  const std::shared_ptr<const Policy> policy = policy_->Current();
  const auto identity = IdentityOf(context, *policy);
  return identity.ok() && policy->Highest(*identity) >= role;
}

absl::StatusOr<std::function<bool(absl::string_view)>> AccessGate::Readable(
    const Context& context, Method method) const {
  const MethodRow* const row = RowOf(method);
  if (row == nullptr) return NoRow(method);
  absl::Status valid = CheckCertificate(context);
  if (!valid.ok()) return valid;
  if (!guarded()) return [](absl::string_view) { return true; };
  const std::shared_ptr<const Policy> policy = policy_->Current();
  auto identity = Authenticate(context, *policy, *row);
  if (!identity.ok()) return identity.status();
  return [policy, role = row->role,
          identity = *std::move(identity)](absl::string_view ring) {
    return policy->On(ring, identity).role >= role;
  };
}

}  // namespace clockwise
