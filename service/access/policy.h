// Who may do what: a policy gives roles on rings to those who show a
// certificate or a token. A value; pure.
#ifndef CLOCKWISE_SERVICE_ACCESS_POLICY_H_
#define CLOCKWISE_SERVICE_ACCESS_POLICY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/access.pb.h"
#include "service/api/role.h"
#include "service/runtime/reloadable_files.h"

namespace clockwise {

const char* RoleName(Role role);

// Who calls, as far as it was proved.
struct Identity {
  // Subject alternative names of a verified certificate, with their kind:
  // "dns:web-1.example", "uri:spiffe://example/web", "ip:…", "email:…".
  std::vector<std::string> names;
  std::string token;  // the name of the token that was shown, or empty
};

class Policy {
 public:
  // Reads a v1::AccessPolicy as JSON and the tokens that it names: lines
  // "NAME SHA256" (of the token, in hex), # comments. InvalidArgument: one line
  // that says what is wrong.
  static absl::StatusOr<Policy> Parse(absl::string_view json,
                                      absl::string_view tokens);

  // The name of `token`; empty: it is none. Takes as long whichever it is.
  std::string NameOf(absl::string_view token) const;

  // The greatest role that one of the identity's names or its token has on
  // `ring`, and whose it is.
  struct Grant {
    Role role = Role::kNone;
    std::string name;  // "dns:…" or "token:NAME"
  };
  Grant On(absl::string_view ring, const Identity& identity) const;

 private:
  struct Token {
    std::string name;
    std::string digest;  // SHA-256, 64 hexadecimal digits
  };
  absl::Status ReadTokens(absl::string_view text);

  v1::AccessPolicy policy_;
  std::vector<Role> roles_;  // of the grants of policy_, in their order
  std::vector<Token> tokens_;
};

// The newest policy of the files that was in order.
struct PolicyFiles {
  std::string policy;
  std::string tokens;  // empty: there are none
};
using PolicySource = ReloadableFiles<Policy>;
absl::StatusOr<std::shared_ptr<PolicySource>> OpenPolicy(
    const PolicyFiles& files);

// Whether `pattern`, in which * stands for any characters, matches all of
// `text`. O(pattern × text).
bool MatchesPattern(absl::string_view pattern, absl::string_view text);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_ACCESS_POLICY_H_
