#include "client/cli/import/haproxy_words.h"

#include <algorithm>
#include <set>
#include <span>

namespace clockwise::cli {
namespace {

// Not among these: use-server, stick, cookie, dispatch, redirect and
// server-template. They send a key elsewhere, or make servers that cannot be
// seen here.
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

// Parameters of `server`, by whether a word follows.
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

}  // namespace

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
    return ImportFault(place, "a quote that does not end");
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

bool IsHaproxyHarmless(absl::string_view directive) {
  return Has(kHarmless, directive);
}

std::optional<size_t> HaproxyServerArguments(absl::string_view parameter) {
  if (Has(kAlone, parameter)) return 0;
  if (Has(kWithValue, parameter)) return 1;
  return std::nullopt;
}

}  // namespace clockwise::cli
