#include "client/cli/import/haproxy_hashing.h"

#include <cstdint>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/api/refusal.h"

namespace clockwise::cli {
namespace {

constexpr uint32_t kMaxUriPart = 2147483647;

// Rejects the words of a `balance` that hashes keys if HAProxy rejects them.
absl::Status CheckBalance(const SourceLine& place,
                          const std::vector<std::string>& words) {
  const std::string& algorithm = words[1];
  const auto fault = [&](absl::string_view what) {
    return ImportFault(place,
                       absl::StrCat("balance ", Quoted(algorithm), what));
  };
  if (algorithm == "uri") {
    for (size_t i = 2; i < words.size(); ++i) {
      if (words[i] == "whole" || words[i] == "path-only") continue;
      if (words[i] != "len" && words[i] != "depth") {
        return fault(absl::StrCat(" has no parameter ", Quoted(words[i])));
      }
      if (i + 1 == words.size()) {
        return fault(absl::StrCat(": ", words[i], " has no value"));
      }
      const std::string& name = words[i++];
      auto number = ImportNumber(place, name, words[i], 1, kMaxUriPart);
      if (!number.ok()) return number.status();
    }
    return absl::OkStatus();
  }
  if (algorithm == "url_param") {
    if (words.size() < 3) return fault(" has no name of a parameter");
    if (words.size() > 3 && words[3] != "check_post") {
      return fault(absl::StrCat(" has no modifier ", Quoted(words[3])));
    }
    return absl::OkStatus();
  }
  if (algorithm == "hash") {
    if (words.size() == 3) return absl::OkStatus();
    return fault(" is not followed by one expression");
  }
  const size_t open = algorithm.find('(');
  if (open == std::string::npos) return absl::OkStatus();
  const size_t close = algorithm.find(')', open);
  if (close == std::string::npos || close == open + 1) {
    return fault(" has no name in parentheses");
  }
  if (algorithm.front() == 'h' && words.size() > 2 &&
      words[2] != "use_domain_only") {
    return fault(absl::StrCat(" has no modifier ", Quoted(words[2])));
  }
  return absl::OkStatus();
}

// Notes the first line that changes what is hashed. The servers of the
// changed key stay the same.
void NoteRewrites(const HaproxyHashing& hashing, const std::string& algorithm,
                  Imported& imported) {
  const bool header = absl::StartsWith(algorithm, "hdr(");
  for (const HaproxySetting& rewrite : hashing.rewrites) {
    const std::string& action = rewrite.words[1];
    const bool of_header = absl::StrContains(action, "-header");
    const bool of_uri = absl::StrContains(action, "-uri") ||
                        absl::StrContains(action, "-path") ||
                        absl::StrContains(action, "-query");
    const bool matches =
        header
            ? of_header && rewrite.words.size() > 2 &&
                  absl::StartsWithIgnoreCase(
                      absl::string_view(algorithm).substr(4), rewrite.words[2])
            : of_uri || (algorithm == "hash" && of_header);
    if (!matches) continue;
    imported.notes.push_back(
        absl::StrCat("line ", rewrite.place.line, ": http-request ", action,
                     " changes what HAProxy hashes; look up the changed key"));
    return;
  }
}

// HAProxy replaces these algorithms by round robin unless the mode is http.
absl::Status CheckMode(const HaproxySetting& mode, const std::string& algorithm,
                       Imported& imported) {
  if (mode.words.empty()) {
    imported.notes.emplace_back(
        "the file does not set `mode http`; without it, HAProxy uses round "
        "robin");
    return absl::OkStatus();
  }
  if (mode.words.size() == 2 && mode.words[1] == "http") {
    return absl::OkStatus();
  }
  return ImportFault(mode.place,
                     absl::StrCat("balance ", Quoted(algorithm),
                                  " requires `mode http`; otherwise HAProxy "
                                  "uses round robin"));
}

absl::Status ReadBalance(const HaproxyHashing& hashing,
                         const SourceLine& backend, Imported& imported) {
  const std::vector<std::string>& balance = hashing.balance.words;
  if (balance.empty()) {
    return ImportFault(backend,
                       "no balance directive; use one that hashes keys");
  }
  // Without an algorithm, HAProxy uses its default.
  const std::string algorithm = balance.size() > 1 ? balance[1] : "roundrobin";
  const bool hashes = algorithm == "uri" || algorithm == "url_param" ||
                      algorithm == "hash" || algorithm == "rdp-cookie" ||
                      absl::StartsWith(algorithm, "hdr(") ||
                      absl::StartsWith(algorithm, "rdp-cookie(");
  if (!hashes) {
    return ImportFault(
        hashing.balance.place,
        absl::StrCat("balance ", Quoted(algorithm),
                     algorithm == "source"
                         ? " is not supported (a hash of client addresses)"
                         : " is not supported; use for example uri"));
  }
  if (auto status = CheckBalance(hashing.balance.place, balance);
      !status.ok()) {
    return status;
  }
  imported.key = absl::StrJoin(balance.begin() + 1, balance.end(), " ");
  if (algorithm != "hash" && !absl::StartsWith(algorithm, "rdp-cookie")) {
    if (auto status = CheckMode(hashing.mode, algorithm, imported);
        !status.ok())
      return status;
  }
  NoteRewrites(hashing, algorithm, imported);
  if (absl::StartsWith(algorithm, "hdr(")) {
    imported.notes.emplace_back(
        "HAProxy splits a header's value at commas and hashes the last part");
  }
  return absl::OkStatus();
}

absl::Status ReadHashType(const HaproxyHashing& hashing, v1::Layout consistent,
                          Imported& imported) {
  const std::vector<std::string>& words = hashing.hash_type.words;
  const SourceLine& hash_type_at = hashing.hash_type.place;
  const std::string method = words.size() > 1 ? words[1] : "map-based";
  if (words.empty()) {
    imported.notes.emplace_back(
        "there is no hash-type directive; the default is map-based");
  } else if (words.size() < 2 || words.size() > 4 ||
             (method != "map-based" && method != "consistent") ||
             (words.size() == 4 && words[3] != "avalanche")) {
    return ImportFault(hash_type_at,
                       "not `hash-type map-based|consistent [FUNCTION "
                       "[avalanche]]`");
  }
  imported.spec.set_layout(method == "consistent" ? consistent
                                                  : v1::LAYOUT_HAPROXY_MAP);
  if (imported.spec.layout() == v1::LAYOUT_HAPROXY) {
    imported.notes.emplace_back(
        "keys are placed as in HAProxy before 3.0; for 3.0 and later, "
        "import with --from=haproxy_3");
  }
  v1::LayoutSettings& settings = *imported.spec.mutable_settings();
  if (words.size() > 2) {
    static const auto& functions =
        *new std::set<absl::string_view>{"sdbm", "djb2", "wt6", "crc32"};
    if (!functions.contains(words[2])) {
      return ImportFault(
          hash_type_at,
          absl::StrCat("function ", Quoted(words[2]), " is not supported"));
    }
    settings.set_key_hash(words[2]);
  }
  if (words.size() == 4) settings.set_avalanche(true);
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadHaproxyHashing(const HaproxyHashing& hashing,
                                const SourceLine& backend,
                                v1::Layout consistent, Imported& imported) {
  absl::Status status = ReadBalance(hashing, backend, imported);
  if (!status.ok()) return status;
  status = ReadHashType(hashing, consistent, imported);
  if (!status.ok()) return status;
  if (!hashing.state_file.words.empty()) {
    imported.notes.emplace_back(
        "load-server-state-from-file: HAProxy may replace the weights by those "
        "of its state file");
  }
  return absl::OkStatus();
}

}  // namespace clockwise::cli
