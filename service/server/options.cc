#include "service/server/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "service/ring/layout.h"
#include "service/ring/layout_settings.h"
#include "service/server/flag_names.h"
#include "service/server/flag_sources.h"

namespace clockwise {
namespace {

constexpr double kMaxSeconds = 3600;
// In the order of the enumerators.
const std::vector<std::string> kFormats = {"auto", "text", "json"};
const std::vector<std::string> kLevels = {"debug", "info", "warning", "error"};

// `word` is one of `words`.
template <typename Enum>
Enum Meant(const std::vector<std::string>& words, const std::string& word) {
  return static_cast<Enum>(std::find(words.begin(), words.end(), word) -
                           words.begin());
}

void AddLimitFlags(CLI::App& app, ServingLimits& serving) {
  app.add_option("--max-request-bytes", serving.request_bytes,
                 "Size of a request")
      ->check(CLI::Range(1024, limits::kMostRequestBytes));
  app.add_option("--max-metadata-bytes", serving.metadata_bytes,
                 "Size of a call's metadata")
      ->check(CLI::Range(1024, limits::kMostMetadataBytes));
  app.add_option("--max-calls-per-connection", serving.calls_per_connection,
                 "Calls and streams of one connection; others wait there")
      ->check(CLI::Range(1, static_cast<int>(limits::kMostCalls)));
  app.add_option("--max-http-connections", serving.http_connections,
                 "Requests on the HTTP port at a time; others wait")
      ->check(CLI::Range(size_t{1}, limits::kMostHttpConnections));
  app.add_option("--max-http-event-streams", serving.http_event_streams,
                 "Pages there that follow changes")
      ->check(CLI::Range(size_t{0}, limits::kMostHttpConnections));
  app.add_option("--max-http-request-seconds", serving.http_request_seconds,
                 "Time for a request there to arrive")
      ->check(CLI::Range(0.01, kMaxSeconds));
  const std::tuple<const char*, size_t*, const char*> bounds[] = {
      {"--max-queued-calls", &serving.queued_calls,
       "Changes that wait for their turn, and as many long reads"},
      {"--max-waiting-calls", &serving.waiting_calls,
       "Look-ups that wait for their min_epoch"},
      {"--max-watch-streams", &serving.watch_streams, "Open Watch streams"},
      {"--max-watch-streams-per-peer", &serving.watch_streams_per_peer,
       "The same of one machine"},
      {"--max-locate-streams", &serving.locate_streams,
       "Open LocateStream streams"}};
  for (const auto& [flag, bound, help] : bounds) {
    app.add_option(flag, *bound, help)
        ->check(CLI::Range(size_t{1}, limits::kMostCalls));
  }
}

struct Parser {
  CLI::App app{
      "clockwised holds the authoritative consistent-hash ring and "
      "serves it over gRPC."};
  ServerOptions options;
  std::string layout = "hashed";
  std::string config;
  std::string log_format = "auto";
  std::string log_level = "info";
  bool print_config = false;
  uint32_t virtual_nodes = 0;
  uint32_t partition_bits = 0;
  uint32_t replicas = 0;

  Parser() {
    app.name("clockwised");
    app.set_version_flag("--version", CLOCKWISE_VERSION);
    // Values follow each other as default, file, environment, command line.
    app.option_defaults()
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->always_capture_default();
    AddPortFlags();
    app.add_option("--store", options.store,
                   absl::StrCat("Where rings are durable: ", kStoreForms));
    AddEtcdFlags(app, options.etcd);
    AddSecurityFlags(app, options.security);
    AddLimitFlags(app, options.serving);
    AddRingFlags();
    AddOperationFlags();
    app.footer(
        "Each flag can also come from the environment: CLOCKWISE_LISTEN "
        "for --listen.\nThe command line wins over the environment, that "
        "over the file.");
  }

 private:
  void AddPortFlags() {
    app.add_option("--listen", options.listen,
                   "gRPC: HOST:PORT (port 0 takes a free one) or unix:PATH");
    app.add_option("--http", options.http,
                   "HTTP (ring page, /api/v1, /metrics, /healthz, /readyz): "
                   "HOST:PORT");
    app.add_option("--ring-page", options.ring_page,
                   "Whether / and /api/v1 are there: on, off, or auto: unless "
                   "there is an --access-policy")
        ->check(CLI::IsMember({"auto", "on", "off"}));
  }

  // What the ring "default" is created with, and what is kept of all rings.
  void AddRingFlags() {
    app.add_option("--layout", layout,
                   "Layout of the ring \"default\" when it is first created: "
                   "hashed, partitioned, modulo");
    app.add_option("--virtual-nodes", virtual_nodes,
                   "Its points per unit of weight (0: 160)");
    app.add_option("--partition-bits", partition_bits,
                   "Its partitions are 2 to this power (0: 16)");
    app.add_option("--replicas", replicas,
                   "Its owners per key (0: 1; partitioned: 3)");
    app.add_option("--watch-heartbeat", options.watch_heartbeat,
                   "Seconds between heartbeats on an idle watch stream")
        ->check(CLI::Range(0.05, kMaxSeconds));
    app.add_option("--history-changes", options.history_changes,
                   "Changes kept per ring")
        ->check(CLI::Range(size_t{1}, limits::kMaxHistoryChanges));
    app.add_option("--history-bytes", options.history_bytes,
                   "Bytes that a ring's kept changes may take; older ones go "
                   "before there are --history-changes")
        ->check(CLI::Range(size_t{1}, limits::kMaxHistoryBytes));
    app.add_option("--max-node-series", options.max_node_series,
                   "Nodes of a ring above which it has no metrics per node");
  }

  void AddOperationFlags() {
    app.add_option("--lame-duck", options.lame_duck,
                   "Seconds from SIGTERM, when health says NOT_SERVING, until "
                   "calls are no longer taken")
        ->check(CLI::Range(0.0, kMaxSeconds));
    app.add_option("--drain-grace", options.drain_grace,
                   "Maximum number of seconds that calls under way then have; "
                   "the server ends as soon as they are answered")
        ->check(CLI::Range(0.0, kMaxSeconds));
    app.add_option("--self-probe", options.self_probe,
                   "Seconds between looks whether the server answers itself; "
                   "0: never")
        ->check(CLI::Range(0.0, kMaxSeconds));
    app.add_option("--log-format", log_format,
                   "Lines of the log: text, json, or auto: text on a terminal")
        ->check(CLI::IsMember(kFormats));
    app.add_option("--log-level", log_level,
                   "The least that is logged: debug, info, warning, error")
        ->check(CLI::IsMember(kLevels));
    app.add_flag("--check-config", options.check_config,
                 "Check flags and the files that they name, and exit");
    app.add_flag("--print-config", print_config,
                 "Print what all flags are, and from where, and exit");
    app.add_option("--config", config,
                   "File with the same flags, a line each: listen=HOST:PORT");
  }
};

// Returns the refusal of a RingSpec, which begins with the name of a field, as
// one of the flag that sets the field.
absl::Status InFlagOfRing(const absl::Status& refusal) {
  const absl::string_view text = absl::StripPrefix(refusal.message(), "spec.");
  const size_t end = std::min(text.find_first_of(" :"), text.size());
  return absl::InvalidArgumentError(
      absl::StrCat("--", KebabCase(text.substr(0, end)), text.substr(end)));
}

absl::Status Parse(Parser& parser, std::vector<std::string> arguments) {
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  try {
    parser.app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    parser.options.help = parser.app.help();
  } catch (const CLI::CallForVersion&) {
    parser.options.help = absl::StrCat("clockwised ", CLOCKWISE_VERSION, "\n");
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(error.what());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ServerOptions> ParseOptions(
    const std::vector<std::string>& arguments) {
  Parser parser;
  const auto sources =
      FlagSources(parser.app, WithKebabCaseFlags(parser.app, arguments));
  if (!sources.ok()) return sources.status();
  std::vector<std::string> all;
  for (const FlagSource& source : *sources) {
    for (const std::string& argument : source.arguments) {
      // CLI11 would take the next argument for the value of "--audit-log=".
      const bool is_empty = absl::StartsWith(argument, "--") &&
                            argument.find('=') == argument.size() - 1;
      all.push_back(argument.substr(0, argument.size() - is_empty));
      if (is_empty) all.emplace_back();
    }
  }
  if (absl::Status status = Parse(parser, std::move(all)); !status.ok()) {
    return status;
  }
  if (!parser.options.help.empty()) return parser.options;
  parser.options.log_format = Meant<LogFormat>(kFormats, parser.log_format);
  parser.options.log_level = Meant<LogLevel>(kLevels, parser.log_level);
  auto layout = ParseLayout(parser.layout);
  if (!layout.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--layout: ", layout.status().message()));
  }
  v1::RingSpec spec;
  spec.set_layout(*layout);
  spec.set_virtual_nodes(parser.virtual_nodes);
  spec.set_partition_bits(parser.partition_bits);
  spec.set_replicas(parser.replicas);
  auto normal = NormalizeSpec(spec);
  if (!normal.ok()) {
    return InFlagOfRing(normal.status());
  }
  parser.options.default_ring = *std::move(normal);
  parser.options.config = ConfigLine(parser.app, *sources);
  if (parser.print_config) {
    parser.options.help = ConfigText(parser.app, *sources);
  }
  return parser.options;
}

}  // namespace clockwise
