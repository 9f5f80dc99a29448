// The words of HAProxy's configuration that do not affect placement, of all
// versions from 1.5 to 3.2.
#include <algorithm>
#include <set>
#include <span>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/cli/import/haproxy_language.h"

namespace clockwise::cli {
namespace {

// This list excludes directives that send a key elsewhere (use-server, stick,
// cookie, persist, appsession, dispatch), that create servers that are not in
// the file (server-template), or that the reader looks at itself (mode,
// option). Directives of versions 1.x are included.
constexpr absl::string_view kHarmless[] = {"cliexp",
                                           "srvexp",
                                           "redisp",
                                           "force-be-switch",
                                           "acl",
                                           "backlog",
                                           "bind",
                                           "bind-process",
                                           "block",
                                           "capture",
                                           "clitcpka-cnt",
                                           "clitcpka-idle",
                                           "clitcpka-intvl",
                                           "clitimeout",
                                           "compression",
                                           "contimeout",
                                           "declare",
                                           "default_backend",
                                           "description",
                                           "dynamic-cookie-key",
                                           "email-alert",
                                           "enabled",
                                           "error-log-format",
                                           "errorfile",
                                           "errorfiles",
                                           "errorloc",
                                           "errorloc302",
                                           "errorloc303",
                                           "external-check",
                                           "filter",
                                           "force-persist",
                                           "fullconn",
                                           "grace",
                                           "guid",
                                           "http-after-response",
                                           "http-check",
                                           "http-error",
                                           "http-request",
                                           "http-response",
                                           "http-reuse",
                                           "http-send-name-header",
                                           "id",
                                           "ignore-persist",
                                           "log",
                                           "log-format",
                                           "log-format-sd",
                                           "log-steps",
                                           "log-tag",
                                           "max-keep-alive-queue",
                                           "max-session-srv-conns",
                                           "maxconn",
                                           "monitor",
                                           "monitor-net",
                                           "monitor-uri",
                                           "quic-initial",
                                           "rate-limit",
                                           "redirect",
                                           "redispatch",
                                           "reqadd",
                                           "reqallow",
                                           "reqdel",
                                           "reqdeny",
                                           "reqiallow",
                                           "reqidel",
                                           "reqideny",
                                           "reqipass",
                                           "reqirep",
                                           "reqisetbe",
                                           "reqitarpit",
                                           "reqpass",
                                           "reqrep",
                                           "reqsetbe",
                                           "reqtarpit",
                                           "retries",
                                           "retry-on",
                                           "rspadd",
                                           "rspdel",
                                           "rspdeny",
                                           "rspidel",
                                           "rspideny",
                                           "rspirep",
                                           "rsprep",
                                           "server-state-file-name",
                                           "source",
                                           "srvtcpka-cnt",
                                           "srvtcpka-idle",
                                           "srvtcpka-intvl",
                                           "srvtimeout",
                                           "stats",
                                           "stick-table",
                                           "tcp-check",
                                           "tcp-request",
                                           "tcp-response",
                                           "timeout",
                                           "transparent",
                                           "unique-id-format",
                                           "unique-id-header",
                                           "use-fcgi-app",
                                           "use_backend"};

// Names of `option`. Excludes http_proxy, which connects to the host of the
// URL. HAProxy ignores prefer-last-server if it hashes.
constexpr absl::string_view kOptions[] = {
    "abortonclose",
    "accept-invalid-http-request",
    "accept-invalid-http-response",
    "accept-unsafe-violations-in-http-request",
    "accept-unsafe-violations-in-http-response",
    "allbackups",
    "assume-rfc6587-ntf",
    "checkcache",
    "clitcpka",
    "contstats",
    "disable-h2-upgrade",
    "dontlog-normal",
    "dontlognull",
    "external-check",
    "forceclose",
    "forwarded",
    "forwardfor",
    "h1-case-adjust-bogus-client",
    "h1-case-adjust-bogus-server",
    "http-buffer-request",
    "http-drop-request-trailers",
    "http-drop-response-trailers",
    "http-ignore-probes",
    "http-keep-alive",
    "http-no-delay",
    "http-pretend-keepalive",
    "http-restrict-req-hdr-names",
    "http-server-close",
    "http-tunnel",
    "http-use-htx",
    "http-use-proxy-header",
    "httpchk",
    "httpclose",
    "httplog",
    "httpslog",
    "idle-close-on-response",
    "independant-streams",
    "independent-streams",
    "ldap-check",
    "log-health-checks",
    "log-separate-errors",
    "logasap",
    "mysql-check",
    "nolinger",
    "originalto",
    "persist",
    "pgsql-check",
    "prefer-last-server",
    "redis-check",
    "redispatch",
    "smtpchk",
    "socket-stats",
    "splice-auto",
    "splice-request",
    "splice-response",
    "spop-check",
    "srvtcpka",
    "ssl-hello-chk",
    "tcp-check",
    "tcp-smart-accept",
    "tcp-smart-connect",
    "tcpka",
    "tcplog",
    "use-small-buffers",
};

// Parameters of `server`: without a value, and with a value.
constexpr absl::string_view kAlone[] = {"strict-maxconn",
                                        "renegotiate",
                                        "no-renegotiate",
                                        "sni-auto",
                                        "no-sni-auto",
                                        "check-sni-auto",
                                        "no-check-sni-auto",
                                        "agent-check",
                                        "allow-0rtt",
                                        "backup",
                                        "check",
                                        "check-reuse-pool",
                                        "check-send-proxy",
                                        "check-ssl",
                                        "check-via-socks4",
                                        "disabled",
                                        "enabled",
                                        "force-sslv3",
                                        "force-tlsv10",
                                        "force-tlsv11",
                                        "force-tlsv12",
                                        "force-tlsv13",
                                        "no-agent-check",
                                        "no-backup",
                                        "no-check",
                                        "no-check-reuse-pool",
                                        "no-check-send-proxy",
                                        "no-check-ssl",
                                        "no-send-proxy",
                                        "no-send-proxy-v2",
                                        "no-send-proxy-v2-ssl",
                                        "no-send-proxy-v2-ssl-cn",
                                        "no-ssl",
                                        "no-ssl-reuse",
                                        "no-sslv3",
                                        "no-tfo",
                                        "no-tls-tickets",
                                        "no-tlsv10",
                                        "no-tlsv11",
                                        "no-tlsv12",
                                        "no-tlsv13",
                                        "no-verifyhost",
                                        "non-stick",
                                        "send-proxy",
                                        "send-proxy-v2",
                                        "send-proxy-v2-ssl",
                                        "send-proxy-v2-ssl-cn",
                                        "ssl",
                                        "ssl-reuse",
                                        "stick",
                                        "tfo",
                                        "tls-tickets"};
constexpr absl::string_view kWithValue[] = {"idle-ping",
                                            "ktls",
                                            "cc",
                                            "addr",
                                            "agent-addr",
                                            "agent-inter",
                                            "agent-port",
                                            "agent-send",
                                            "alpn",
                                            "ca-file",
                                            "ca-verify-file",
                                            "check-alpn",
                                            "check-proto",
                                            "check-sni",
                                            "ciphers",
                                            "ciphersuites",
                                            "client-sigalgs",
                                            "cookie",
                                            "crl-file",
                                            "crt",
                                            "curves",
                                            "downinter",
                                            "error-limit",
                                            "fall",
                                            "fastinter",
                                            "guid",
                                            "hash-key",
                                            "id",
                                            "init-addr",
                                            "init-state",
                                            "inter",
                                            "interface",
                                            "log-bufsize",
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
                                            "pool-conn-name",
                                            "pool-low-conn",
                                            "pool-max-conn",
                                            "pool-purge-delay",
                                            "port",
                                            "proto",
                                            "proxy-v2-options",
                                            "redir",
                                            "resolve-net",
                                            "resolve-opts",
                                            "resolve-prefer",
                                            "resolvers",
                                            "rise",
                                            "shard",
                                            "sigalgs",
                                            "slowstart",
                                            "sni",
                                            "socks4",
                                            "source",
                                            "ssl-max-ver",
                                            "ssl-min-ver",
                                            "tcp-md5sig",
                                            "tcp-mss",
                                            "tcp-ut",
                                            "track",
                                            "usesrc",
                                            "verify",
                                            "verifyhost",
                                            "weight",
                                            "ws"};

bool Has(std::span<const absl::string_view> names, absl::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

const std::set<absl::string_view>& Sections() {
  static const auto& sections = *new std::set<absl::string_view>{
      "global",      "defaults",  "frontend",    "backend",  "listen",
      "peers",       "resolvers", "mailers",     "userlist", "cache",
      "program",     "ring",      "http-errors", "fcgi-app", "acme",
      "log-forward", "crt-store", "log-profile", "traces",   "namespace_list",
      "healthcheck"};
  return sections;
}

}  // namespace

bool IsHaproxySection(absl::string_view word) {
  return Sections().contains(word);
}

absl::string_view MisspeltHaproxySection(
    const std::vector<std::string>& words) {
  if (words.size() > 2) return "";
  const std::string lower = absl::AsciiStrToLower(words[0]);
  for (const absl::string_view section : Sections()) {
    if (lower == section || absl::StrCat(lower, "s") == section ||
        lower == absl::StrCat(section, "s")) {
      return section;
    }
  }
  return "";
}

bool IsHaproxyHarmless(const std::vector<std::string>& words) {
  if (Has(kHarmless, words[0])) return true;
  // HAProxy permits negation before `log` and `option` only.
  const bool negated = words[0] == "no" || words[0] == "default";
  const size_t at = negated ? 1 : 0;
  if (words.size() <= at) return false;
  if (words[at] == "log") return true;
  if (words[at] != "option" || words.size() == at + 1) return false;
  const std::string& option = words[at + 1];
  return Has(kOptions, option) || (negated && option == "http_proxy");
}

std::optional<size_t> HaproxyServerArguments(absl::string_view parameter) {
  if (Has(kAlone, parameter)) return 0;
  if (Has(kWithValue, parameter)) return 1;
  return std::nullopt;
}

}  // namespace clockwise::cli
