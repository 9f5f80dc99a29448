// An access policy grants roles on rings to callers that present a certificate
// or a token. A value; its functions are pure.
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

// The verified identity of a caller.
struct Identity {
  // Subject alternative names of a verified certificate, with their types:
  // "dns:web-1.example", "uri:spiffe://example/web", "ip:…", "email:…".
  std::vector<std::string> names;
  std::string token;  // name of the presented token, or empty
};

// The paths of a policy's files.
struct PolicyFiles {
  std::string policy;
  std::string tokens;  // empty: no tokens
};

class Policy {
 public:
  // Parses a v1::AccessPolicy in JSON and the tokens that it names. Each line
  // of the tokens is "NAME SHA256" (of the token, in hex) or a # comment.
  // INVALID_ARGUMENT: one line that names the path in `files` (with the line,
  // if it is known) and states the error.
  static absl::StatusOr<Policy> Parse(absl::string_view json,
                                      absl::string_view tokens,
                                      const PolicyFiles& files);

  // Returns the name of `token`, or "" if it is unknown. The time is the same
  // in both cases.
  std::string NameOf(absl::string_view token) const;

  // The highest role on `ring` that a name or the token of the identity has,
  // and that name or token.
  struct Grant {
    Role role = Role::kNone;
    std::string name;  // "dns:…" or "token:NAME"
  };
  Grant On(absl::string_view ring, const Identity& identity) const;
  // The highest role of the identity on any ring.
  Role Highest(const Identity& identity) const;

 private:
  struct Token {
    std::string name;
    std::string digest;  // SHA-256, 64 hexadecimal digits
  };
  // The errors of ReadGrants do not name the path.
  absl::Status ReadTokens(absl::string_view text, const std::string& path);
  absl::Status ReadGrants(const std::string& tokens_path);

  v1::AccessPolicy policy_;
  std::vector<Role> roles_;  // of the grants of policy_, in their order
  std::vector<Token> tokens_;
};

using PolicySource = ReloadableFiles<Policy>;
// Returns the last valid policy in the files, and reloads it. INVALID_ARGUMENT:
// the policy is invalid now.
absl::StatusOr<std::shared_ptr<PolicySource>> OpenPolicy(
    const PolicyFiles& files);

// True if `pattern` matches all of `text`. A * matches any characters.
// O(pattern × text).
bool MatchesPattern(absl::string_view pattern, absl::string_view text);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_ACCESS_POLICY_H_
