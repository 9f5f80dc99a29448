// Reads the servers and the `hash-type` of one `backend` or `listen` of
// HAProxy.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/import/imported.h"
#include "service/api/refusal.h"

namespace clockwise::cli {
namespace {

// --- The language: how a line is split into words, which words begin a
// section, and which directives do not affect placement ---

// This list excludes use-server, stick, cookie, dispatch, redirect and
// server-template. They send a key elsewhere, or create servers that are not in
// the file.
constexpr absl::string_view kHarmless[] = {"acl",
                                           "bind",
                                           "compression",
                                           "default_backend",
                                           "description",
                                           "email-alert",
                                           "errorfile",
                                           "errorfiles",
                                           "errorloc",
                                           "errorloc302",
                                           "errorloc303",
                                           "filter",
                                           "fullconn",
                                           "hash-balance-factor",
                                           "http-after-response",
                                           "http-check",
                                           "http-error",
                                           "http-request",
                                           "http-response",
                                           "http-reuse",
                                           "id",
                                           "load-server-state-from-file",
                                           "log",
                                           "log-format",
                                           "log-tag",
                                           "maxconn",
                                           "mode",
                                           "monitor",
                                           "monitor-uri",
                                           "no",
                                           "option",
                                           "rate-limit",
                                           "retries",
                                           "retry-on",
                                           "source",
                                           "stats",
                                           "tcp-check",
                                           "tcp-request",
                                           "tcp-response",
                                           "timeout",
                                           "transparent",
                                           "unique-id-format",
                                           "unique-id-header",
                                           "use_backend"};

// Parameters of `server`: without a value, and with a value.
constexpr absl::string_view kAlone[] = {
    "agent-check",      "allow-0rtt",   "backup",           "check",
    "check-send-proxy", "check-ssl",    "check-via-socks4", "disabled",
    "enabled",          "force-tlsv12", "force-tlsv13",     "no-check",
    "no-send-proxy",    "no-ssl",       "non-stick",        "send-proxy",
    "send-proxy-v2",    "ssl",          "ssl-reuse",        "tfo"};
constexpr absl::string_view kWithValue[] = {"addr",
                                            "agent-addr",
                                            "agent-inter",
                                            "agent-port",
                                            "agent-send",
                                            "alpn",
                                            "ca-file",
                                            "check-alpn",
                                            "check-proto",
                                            "check-sni",
                                            "ciphers",
                                            "ciphersuites",
                                            "crl-file",
                                            "crt",
                                            "downinter",
                                            "error-limit",
                                            "fall",
                                            "fastinter",
                                            "hash-key",
                                            "id",
                                            "init-addr",
                                            "inter",
                                            "log-proto",
                                            "max-reuse",
                                            "maxconn",
                                            "maxqueue",
                                            "minconn",
                                            "namespace",
                                            "npn",
                                            "observe",
                                            "on-error",
                                            "on-marked-down",
                                            "on-marked-up",
                                            "pool-low-conn",
                                            "pool-max-conn",
                                            "pool-purge-delay",
                                            "port",
                                            "proto",
                                            "resolve-net",
                                            "resolve-opts",
                                            "resolve-prefer",
                                            "resolvers",
                                            "rise",
                                            "slowstart",
                                            "sni",
                                            "socks4",
                                            "source",
                                            "ssl-max-ver",
                                            "ssl-min-ver",
                                            "tcp-ut",
                                            "track",
                                            "verify",
                                            "verifyhost",
                                            "weight",
                                            "ws"};

bool Has(std::span<const absl::string_view> names, absl::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Returns the words of a line, without comments, quotes and escapes.
absl::StatusOr<std::vector<std::string>> HaproxyWords(absl::string_view line,
                                                      const SourceLine& place) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = '\0';
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != '\0') {
      if (c == quote) {
        quote = '\0';
      } else if (c == '\\' && quote == '"' && i + 1 < line.size()) {
        word += line[++i];
      } else {
        word += c;
      }
    } else if (c == '#') {
      break;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      if (in_word) words.push_back(word);
      word.clear();
      in_word = false;
    } else {
      in_word = true;
      if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '\\' && i + 1 < line.size()) {
        word += line[++i];
      } else {
        word += c;
      }
    }
  }
  if (quote != '\0') {
    return ImportFault(place, "a quoted text has no closing quote");
  }
  if (in_word) words.push_back(word);
  return words;
}

bool IsHaproxySection(absl::string_view word) {
  static const auto& sections = *new std::set<absl::string_view>{
      "global",      "defaults", "frontend",    "backend",   "listen",  "peers",
      "resolvers",   "mailers",  "userlist",    "cache",     "program", "ring",
      "http-errors", "fcgi-app", "log-forward", "crt-store", "traces"};
  return sections.contains(word);
}

// True if a directive of a backend does not affect placement.
bool IsHaproxyHarmless(absl::string_view directive) {
  return Has(kHarmless, directive);
}

// Returns the number of values of a parameter of `server`; nullopt if it is
// unknown or would affect placement.
std::optional<size_t> HaproxyServerArguments(absl::string_view parameter) {
  if (Has(kAlone, parameter)) return 0;
  if (Has(kWithValue, parameter)) return 1;
  return std::nullopt;
}

// --- The reader ---

constexpr uint32_t kMaxWeight = 256;
constexpr uint32_t kMaxId = 2147483647;

using Words = std::vector<std::string>;

struct HaproxyServer {
  std::string name;
  std::string address;
  uint32_t id = 0;  // 0: not set
  std::optional<uint32_t> weight;
  bool backup = false;
  bool disabled = false;
  int line = 0;
};

// The placement settings of a section. Sections inherit those of `defaults`.
struct Section {
  Words balance;
  Words hash_type;
  HaproxyServer default_server;
};

class BackendReader {
 public:
  BackendReader(const std::string& source, const std::string& backend,
                v1::Layout consistent)
      : source_(source), backend_(backend), consistent_(consistent) {}

  absl::StatusOr<Imported> Read(absl::string_view text) {
    absl::Status status = CheckLastLine(text, source_);
    if (!status.ok()) return status;
    place_ = {source_, 0};
    for (const absl::string_view line : absl::StrSplit(text, '\n')) {
      ++place_.line;
      auto words = HaproxyWords(line, place_);
      if (!words.ok()) return words.status();
      if (words->empty()) continue;
      status = ReadLine(*words);
      if (!status.ok()) return status;
    }
    return Finish();
  }

 private:
  absl::Status ReadLine(const Words& words) {
    if (IsHaproxySection(words[0])) return EnterSection(words);
    if (in_defaults_) return ReadDirective(words, defaults_, true);
    if (in_backend_) return ReadDirective(words, section_, false);
    return absl::OkStatus();
  }

  absl::Status EnterSection(const Words& words) {
    in_defaults_ = words[0] == "defaults";
    in_backend_ = (words[0] == "backend" || words[0] == "listen") &&
                  words.size() > 1 && words[1] == backend_;
    if (in_defaults_) defaults_ = Section();
    if (!in_backend_) return absl::OkStatus();
    if (found_) {
      return ImportFault(place_, absl::StrCat(words[0], " ", Quoted(backend_),
                                              " repeats line ", found_at_.line,
                                              "; remove one of them"));
    }
    if (words.size() > 2) {
      return ImportFault(place_, absl::StrCat(Quoted(words[2]),
                                              " after the name of the backend "
                                              "is not supported"));
    }
    found_ = true;
    found_at_ = place_;
    section_ = defaults_;
    return absl::OkStatus();
  }

  absl::Status ReadDirective(const Words& words, Section& section,
                             bool of_defaults) {
    const std::string& name = words[0];
    if (name == "balance" || name == "hash-type") {
      (name == "balance" ? section.balance : section.hash_type) = words;
      (name == "balance" ? balance_at_ : hash_type_at_) = place_;
      return absl::OkStatus();
    }
    if (name == "default-server") {
      return ReadParameters(words, 1, section.default_server);
    }
    if (name == "server" && !of_defaults) return ReadServer(words);
    if (name == "hash-balance-factor" &&
        (words.size() != 2 || words[1] != "0")) {
      return ImportFault(place_,
                         "hash-balance-factor moves keys by load; remove it");
    }
    if (IsHaproxyHarmless(name)) return absl::OkStatus();
    if (of_defaults) return absl::OkStatus();
    return ImportFault(
        place_, absl::StrCat("directive ", Quoted(name), " is not supported"));
  }

  absl::Status ReadServer(const Words& words) {
    if (words.size() < 3) {
      return ImportFault(place_, "not `server NAME ADDRESS …`");
    }
    HaproxyServer server = section_.default_server;
    server.name = words[1];
    server.address = words[2];
    server.line = place_.line;
    absl::Status status = ReadParameters(words, 3, server);
    servers_.push_back(server);
    return status;
  }

  absl::Status ReadParameters(const Words& words, size_t from,
                              HaproxyServer& server) {
    for (size_t i = from; i < words.size(); ++i) {
      const std::string& word = words[i];
      const auto arguments = HaproxyServerArguments(word);
      if (!arguments.has_value()) {
        return ImportFault(place_,
                           absl::StrCat("server parameter ", Quoted(word),
                                        " is not supported"));
      }
      if (i + *arguments >= words.size()) {
        return ImportFault(place_, absl::StrCat("server parameter ",
                                                Quoted(word), " has no value"));
      }
      const std::string value = *arguments > 0 ? words[i + 1] : "";
      if (word == "backup") server.backup = true;
      if (word == "disabled") server.disabled = true;
      if (word == "enabled") server.disabled = false;
      if (word == "weight") {
        auto weight = ImportNumber(place_, "weight", value, 0, kMaxWeight);
        if (!weight.ok()) return weight.status();
        server.weight = *weight;
      }
      if (word == "hash-key") {
        if (consistent_ != v1::LAYOUT_HAPROXY_3) {
          return ImportFault(place_,
                             "hash-key requires HAProxy 3.0 or later; import "
                             "with --from=haproxy_3");
        }
        if (value != "id") {
          return ImportFault(place_, absl::StrCat("hash-key ", Quoted(value),
                                                  " is not supported; use id"));
        }
      }
      if (word == "id") {
        auto id = ImportNumber(place_, "id", value, 1, kMaxId);
        if (!id.ok()) return id.status();
        server.id = *id;
      }
      i += *arguments;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Imported> Finish() {
    if (!found_) {
      return ImportFault(
          {source_, 0},
          absl::StrCat("backend ", Quoted(backend_), " is not in the file"));
    }
    if (absl::Status status = ReadBalance(); !status.ok()) return status;
    if (absl::Status status = ReadHashType(); !status.ok()) return status;
    if (absl::Status status = NumberServers(); !status.ok()) return status;
    if (imported_.nodes.empty()) {
      return ImportFault(found_at_, absl::StrCat("backend ", Quoted(backend_),
                                                 " has no servers"));
    }
    return std::move(imported_);
  }

  absl::Status ReadBalance() {
    const std::string algorithm =
        section_.balance.size() > 1 ? section_.balance[1] : "";
    if (algorithm.empty()) {
      return ImportFault(found_at_,
                         "no balance directive; use one that hashes keys");
    }
    const bool hashes = algorithm == "uri" || algorithm == "url_param" ||
                        algorithm == "hash" || algorithm == "rdp-cookie" ||
                        absl::StartsWith(algorithm, "hdr(") ||
                        absl::StartsWith(algorithm, "rdp-cookie(");
    if (!hashes) {
      return ImportFault(
          balance_at_,
          absl::StrCat("balance ", Quoted(algorithm),
                       algorithm == "source"
                           ? " is not supported (a hash of client addresses)"
                           : " is not supported; use for example uri"));
    }
    for (size_t i = 1; i < section_.balance.size(); ++i) {
      absl::StrAppend(&imported_.key, i == 1 ? "" : " ", section_.balance[i]);
    }
    if (absl::StartsWith(algorithm, "hdr(")) {
      imported_.notes.emplace_back(
          "HAProxy splits a header's value at commas and hashes the last part");
    }
    return absl::OkStatus();
  }

  absl::Status ReadHashType() {
    const Words& words = section_.hash_type;
    const std::string method = words.size() > 1 ? words[1] : "map-based";
    if (words.empty()) {
      imported_.notes.emplace_back(
          "there is no hash-type directive; the default is map-based");
    } else if (words.size() < 2 || words.size() > 4 ||
               (method != "map-based" && method != "consistent") ||
               (words.size() == 4 && words[3] != "avalanche")) {
      return ImportFault(hash_type_at_,
                         "not `hash-type map-based|consistent [FUNCTION "
                         "[avalanche]]`");
    }
    imported_.spec.set_layout(method == "consistent" ? consistent_
                                                     : v1::LAYOUT_HAPROXY_MAP);
    if (imported_.spec.layout() == v1::LAYOUT_HAPROXY) {
      imported_.notes.emplace_back(
          "keys are placed as in HAProxy before 3.0; for 3.0 and later, "
          "import with --from=haproxy_3");
    }
    v1::LayoutSettings& settings = *imported_.spec.mutable_settings();
    size_t next = 2;
    if (next < words.size() && words[next] != "avalanche") {
      static const auto& functions =
          *new std::set<absl::string_view>{"sdbm", "djb2", "wt6", "crc32"};
      if (!functions.contains(words[next])) {
        return ImportFault(hash_type_at_,
                           absl::StrCat("function ", Quoted(words[next]),
                                        " is not supported"));
      }
      settings.set_key_hash(words[next++]);
    }
    if (next < words.size()) settings.set_avalanche(true);
    return absl::OkStatus();
  }

  // Assigns ids like HAProxy. A server without an id gets the first free id,
  // counted from its own position or from the id after the last assigned one.
  absl::Status NumberServers() {
    std::map<uint32_t, int> lines;
    for (const HaproxyServer& server : servers_) {
      if (server.id == 0) continue;
      if (!lines.try_emplace(server.id, server.line).second) {
        return ImportFault({source_, server.line},
                           absl::StrCat("id ", server.id, " repeats line ",
                                        lines[server.id], "; change one"));
      }
    }
    uint32_t next = 1;
    for (HaproxyServer& server : servers_) {
      if (server.id == 0) {
        while (lines.contains(next)) ++next;
        server.id = next;
        lines[next] = server.line;
      }
      ++next;
      AddServer(server);
    }
    return absl::OkStatus();
  }

  void AddServer(const HaproxyServer& server) {
    const uint32_t weight = server.weight.value_or(1);
    const char* absent = server.backup     ? "a backup"
                         : server.disabled ? "disabled"
                         : weight == 0     ? "of weight 0"
                                           : nullptr;
    if (absent != nullptr) {
      imported_.notes.push_back(absl::StrCat(server.name, " is ", absent,
                                             " and is not part of the ring"));
      return;
    }
    v1::Node& node =
        AddImportedNode(imported_, server.name, server.address, weight);
    node.set_hash_key(absl::StrCat(server.id));
  }

  const std::string& source_;
  const std::string& backend_;
  const v1::Layout consistent_;
  SourceLine place_;
  SourceLine found_at_;
  SourceLine balance_at_;
  SourceLine hash_type_at_;
  bool in_defaults_ = false;
  bool in_backend_ = false;
  bool found_ = false;
  Section defaults_;
  Section section_;
  std::vector<HaproxyServer> servers_;
  Imported imported_;
};

}  // namespace

absl::StatusOr<Imported> ReadHaproxy(absl::string_view text,
                                     const std::string& source,
                                     const std::string& backend,
                                     v1::Layout consistent) {
  return BackendReader(source, backend, consistent).Read(text);
}

}  // namespace clockwise::cli
