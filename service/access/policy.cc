#include "service/access/policy.h"

#include <google/protobuf/util/json_util.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/limits.h"

namespace clockwise {
namespace {

// Returns the first line. The others show the position in the text.
absl::string_view FirstLine(absl::string_view message) {
  return message.substr(0, message.find('\n'));
}

// Returns PATH:LINE of an error in `text`, or PATH if the line is not known.
// The lines of protobuf's `message` are the error, the text around it, and
// spaces with a mark below the place of the error.
std::string PlaceOf(absl::string_view message, absl::string_view text,
                    const std::string& path) {
  const size_t first = message.find('\n');
  const size_t last = message.rfind('\n');
  if (first == last) return path;
  const auto around = message.substr(first + 1, last - first - 1);
  absl::string_view before = absl::StripTrailingAsciiWhitespace(text);
  if (!around.empty()) {  // else the error is at the end
    const size_t at = text.find(around);
    if (at == absl::string_view::npos ||
        text.find(around, at + 1) != absl::string_view::npos) {
      return path;
    }
    before = text.substr(0, at + (message.size() - last - 2));
  }
  return absl::StrCat(path, ":",
                      1 + std::count(before.begin(), before.end(), '\n'));
}

constexpr absl::string_view kKinds[] = {"dns:", "uri:", "ip:", "email:"};

// Returns the SHA-256 of `text` as 64 lower-case hexadecimal digits.
std::string Sha256Hex(absl::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha256(), nullptr);
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest), size});
}

// Returns the role with this name in a policy file: a v1::Role without its
// prefix. Returns kNone if there is none.
Role RoleOf(absl::string_view name) {
  v1::Role role = v1::ROLE_UNSPECIFIED;
  if (!v1::Role_Parse(absl::StrCat("ROLE_", name), &role)) return Role::kNone;
  switch (role) {
    case v1::ROLE_READER:
      return Role::kReader;
    case v1::ROLE_OPERATOR:
      return Role::kOperator;
    case v1::ROLE_ADMIN:
      return Role::kAdmin;
    default:
      return Role::kNone;
  }
}

std::string InQuotes(absl::string_view text) {
  return absl::StrCat("\"", absl::CHexEscape(text), "\"");
}

// INVALID_ARGUMENT: `grant` is not valid. The message continues the name of the
// grant: it begins with ".FIELD: " or ": ".
absl::Status CheckGrant(const v1::AccessPolicy::Grant& grant) {
  if (grant.role().empty()) {
    return absl::InvalidArgumentError(
        ".role: is missing; set READER, OPERATOR or ADMIN");
  }
  if (RoleOf(grant.role()) == Role::kNone) {
    return absl::InvalidArgumentError(
        absl::StrCat(".role: ", InQuotes(grant.role()),
                     " is unknown; use READER, OPERATOR or ADMIN"));
  }
  if (grant.rings().empty()) {
    return absl::InvalidArgumentError(
        ".rings: is empty; list ring names, or [\"*\"] for all rings");
  }
  if (grant.who_case() == v1::AccessPolicy::Grant::WHO_NOT_SET) {
    return absl::InvalidArgumentError(
        ": neither san nor token is set; set one of them");
  }
  if (!grant.has_san()) return absl::OkStatus();
  const bool known = std::any_of(std::begin(kKinds), std::end(kKinds),
                                 [&](absl::string_view kind) {
                                   return absl::StartsWith(grant.san(), kind) &&
                                          grant.san().size() > kind.size();
                                 });
  if (known) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(".san: ", InQuotes(grant.san()),
                   " is not valid; use dns:NAME, uri:URI, ip:ADDRESS or "
                   "email:ADDRESS"));
}

bool IsFor(const v1::AccessPolicy::Grant& grant, const Identity& identity,
           std::string& name) {
  if (grant.has_token()) {
    name = absl::StrCat("token:", grant.token());
    return !identity.token.empty() && grant.token() == identity.token;
  }
  for (const std::string& own : identity.names) {
    name = own;
    if (MatchesPattern(grant.san(), own)) return true;
  }
  return false;
}

}  // namespace

const char* RoleName(Role role) {
  switch (role) {
    case Role::kReader:
      return "reader";
    case Role::kOperator:
      return "operator";
    case Role::kAdmin:
      return "admin";
    default:
      return "none";
  }
}

bool MatchesPattern(absl::string_view pattern, absl::string_view text) {
  size_t p = 0;
  size_t t = 0;
  // The position of the last star, and the end of the text that it matches so
  // far.
  size_t star = absl::string_view::npos;
  size_t starred = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      starred = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != absl::string_view::npos) {
      p = star + 1;
      t = ++starred;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

absl::StatusOr<Policy> Policy::Parse(absl::string_view json,
                                     absl::string_view tokens,
                                     const PolicyFiles& files) {
  Policy policy;
  absl::Status status = policy.ReadTokens(tokens, files.tokens);
  if (!status.ok()) return status;
  const auto read = google::protobuf::util::JsonStringToMessage(
      {json.data(), json.size()}, &policy.policy_);
  if (!read.ok()) {
    const absl::string_view why(read.message().data(), read.message().size());
    return absl::InvalidArgumentError(absl::StrCat(
        PlaceOf(why, json, files.policy),
        ": is not a valid AccessPolicy in JSON: ", FirstLine(why)));
  }
  status = policy.ReadGrants(files.tokens);
  if (status.ok()) return policy;
  return absl::InvalidArgumentError(
      absl::StrCat(files.policy, ": ", status.message()));
}

absl::Status Policy::ReadGrants(const std::string& tokens_path) {
  if (policy_.grants_size() > limits::kMaxGrants) {
    return absl::InvalidArgumentError(
        absl::StrCat("grants: ", policy_.grants_size(), " grants; at most ",
                     limits::kMaxGrants));
  }
  for (int i = 0; i < policy_.grants_size(); ++i) {
    const auto& grant = policy_.grants(i);
    absl::Status status = CheckGrant(grant);
    if (status.ok() && grant.has_token() &&
        std::none_of(tokens_.begin(), tokens_.end(), [&](const Token& token) {
          return token.name == grant.token();
        })) {
      const std::string why =
          tokens_path.empty()
              ? " needs a token file; set --token-file, or remove the grant"
              : absl::StrCat(" is not in ", tokens_path,
                             "; add its line there, or remove the grant");
      status = absl::InvalidArgumentError(
          absl::StrCat(".token: ", InQuotes(grant.token()), why));
    }
    if (!status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("grants[", i, "]", status.message()));
    }
    roles_.push_back(RoleOf(grant.role()));
  }
  return absl::OkStatus();
}

absl::Status Policy::ReadTokens(absl::string_view text,
                                const std::string& path) {
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line.front() == '#') continue;
    const std::vector<std::string> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    // The error does not quote the line, which may be a token written by
    // mistake.
    if (words.size() != 2 || words[1].size() != 64 ||
        !std::all_of(words[1].begin(), words[1].end(), absl::ascii_isxdigit)) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ":", number,
          ": the line is not NAME SHA256 (64 hexadecimal digits); correct it"));
    }
    if (tokens_.size() == limits::kMaxTokens) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ":", number, ": more than ", limits::kMaxTokens,
                       " tokens; remove some"));
    }
    tokens_.push_back({words[0], absl::AsciiStrToLower(words[1])});
  }
  return absl::OkStatus();
}

std::string Policy::NameOf(absl::string_view token) const {
  const std::string digest = Sha256Hex(token);
  const Token* found = nullptr;
  for (const Token& one : tokens_) {
    const bool same =
        CRYPTO_memcmp(one.digest.data(), digest.data(), digest.size()) == 0;
    found = same ? &one : found;
  }
  return found == nullptr ? "" : found->name;
}

Policy::Grant Policy::On(absl::string_view ring,
                         const Identity& identity) const {
  Grant best;
  for (int i = 0; i < policy_.grants_size(); ++i) {
    const v1::AccessPolicy::Grant& grant = policy_.grants(i);
    const Role role = roles_[static_cast<size_t>(i)];
    std::string name;
    if (role <= best.role || !IsFor(grant, identity, name)) continue;
    const bool on_ring = std::any_of(
        grant.rings().begin(), grant.rings().end(),
        [&](const std::string& of) { return MatchesPattern(of, ring); });
    if (on_ring) best = {role, std::move(name)};
  }
  return best;
}

Role Policy::Highest(const Identity& identity) const {
  Role best = Role::kNone;
  for (int i = 0; i < policy_.grants_size(); ++i) {
    const Role role = roles_[static_cast<size_t>(i)];
    std::string name;
    if (role > best && IsFor(policy_.grants(i), identity, name)) best = role;
  }
  return best;
}

absl::StatusOr<std::shared_ptr<PolicySource>> OpenPolicy(
    const PolicyFiles& files) {
  return PolicySource::Open({files.policy, files.tokens},
                            limits::kMaxPolicyBytes,
                            [files](const PolicySource::Texts& texts) {
                              return Policy::Parse(texts[0], texts[1], files);
                            });
}

}  // namespace clockwise
