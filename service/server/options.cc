#include "service/server/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "service/api/listen_address.h"
#include "service/ring/layout.h"
#include "service/ring/layout_settings.h"
#include "service/server/flag_help.h"
#include "service/server/flag_names.h"
#include "service/server/flag_sources.h"
#include "service/server/suggestions.h"

namespace clockwise {
namespace {

constexpr double kMaxSeconds = 3600;
constexpr double kMaxAgeSeconds = 1'000'000;
constexpr size_t kHelpColumn = 34;
// The names of the enumerators of LogFormat and LogLevel, in their order.
const std::vector<std::string> kFormats = {"auto", "text", "json"};
const std::vector<std::string> kLevels = {"debug", "info", "warning", "error"};

// Returns the enumerator for `word`, which must be one of `words`.
template <typename Enum>
Enum Meant(const std::vector<std::string>& words, const std::string& word) {
  return static_cast<Enum>(std::find(words.begin(), words.end(), word) -
                           words.begin());
}

// Returns a validator for numbers from `least` to `most`. Only errors show the
// bounds, help does not.
template <typename Number>
CLI::Validator Between(Number least, Number most) {
  CLI::Range range(least, most);
  range.description("");
  return range;
}

// Returns a validator for the address of --advertise.
CLI::Validator Advertised() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        return text.empty() ? "" : std::string(CheckAdvertised(text).message());
      },
      "");
}

void AddLimitFlags(CLI::App& app, ServingLimits& serving) {
  app.add_option("--max-request-bytes", serving.request_bytes,
                 "Maximum size of a request, in bytes")
      ->type_name("BYTES")
      ->check(Between(1024, limits::kMostRequestBytes));
  app.add_option("--max-metadata-bytes", serving.metadata_bytes,
                 "Maximum size of the metadata of a call, in bytes")
      ->type_name("BYTES")
      ->check(Between(1024, limits::kMostMetadataBytes));
  app.add_option("--max-calls-per-connection", serving.calls_per_connection,
                 "Maximum number of open calls per connection; the client "
                 "queues further calls")
      ->type_name("N")
      ->check(Between(1, static_cast<int>(limits::kMostCalls)));
  app.add_option("--max-pending-bytes", serving.pending_bytes,
                 "Maximum memory of requests that wait and of answers that "
                 "clients have not read, in bytes")
      ->type_name("BYTES")
      ->check(Between(limits::kLeastMemoryBytes, limits::kMostMemoryBytes));
  app.add_option("--max-connection-bytes", serving.connection_bytes,
                 "Maximum memory of connections and of requests that arrive, "
                 "in bytes")
      ->type_name("BYTES")
      ->check(Between(limits::kLeastMemoryBytes, limits::kMostMemoryBytes));
  app.add_option("--max-connection-age", serving.connection_seconds,
                 "Maximum age of a connection, in seconds; 0 means no limit. "
                 "Clients then connect again")
      ->type_name("SECONDS")
      ->check(Between(0.0, kMaxAgeSeconds));
  const std::tuple<const char*, size_t*, const char*> bounds[] = {
      {"--max-queued-calls", &serving.queued_calls,
       "Maximum number of queued calls of each kind"},
      {"--max-waiting-calls", &serving.waiting_calls,
       "Maximum number of calls that wait for min_epoch or the store"},
      {"--max-watch-streams", &serving.watch_streams,
       "Maximum number of open Watch streams"},
      {"--max-watch-streams-per-peer", &serving.watch_streams_per_peer,
       "Maximum number of open Watch streams per client network"},
      {"--max-locate-streams", &serving.locate_streams,
       "Maximum number of open LocateStream streams"},
      {"--max-locate-streams-per-peer", &serving.locate_streams_per_peer,
       "Maximum number of open LocateStream streams per client network"}};
  for (const auto& [flag, bound, help] : bounds) {
    app.add_option(flag, *bound, help)
        ->type_name("N")
        ->check(Between(size_t{1}, limits::kMostCalls));
  }
  app.add_option("--max-http-connections", serving.http_connections,
                 "Maximum number of HTTP connections without a complete "
                 "request; a new one replaces the oldest")
      ->type_name("N")
      ->check(Between(size_t{1}, limits::kMostHttpConnections));
  app.add_option("--max-http-event-streams", serving.http_event_streams,
                 "Maximum number of open /api/v1/events streams")
      ->type_name("N")
      ->check(Between(size_t{0}, limits::kMostHttpConnections));
  app.add_option("--max-http-request-seconds", serving.http_request_seconds,
                 "Time limit for an HTTP request to arrive, in seconds")
      ->type_name("SECONDS")
      ->check(Between(0.01, kMaxSeconds));
}

struct Parser {
  CLI::App app{"Stores consistent-hash rings and serves them over gRPC."};
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
    app.formatter(std::make_shared<FlagHelp>(kHelpColumn));
    // Values are parsed in this order: file, environment, command line. The
    // last one is used.
    app.option_defaults()
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->always_capture_default();
    AddPortFlags();
    app.option_defaults()->group("Store");
    app.add_option("--store", options.store,
                   absl::StrCat("Store of the rings: ", kStoreForms))
        ->type_name("STORE");
    app.add_flag("--require-existing", options.require_existing,
                 "Do not start on a store without rings, and create no ring "
                 "\"default\"");
    AddEtcdFlags(app, options.etcd);
    app.option_defaults()->group("Security");
    AddSecurityFlags(app, options.security);
    app.option_defaults()->group("Limits");
    AddLimitFlags(app, options.serving);
    AddRingFlags();
    AddOperationFlags();
    AddLogFlags();
    AddConfigFlags();
    app.footer(
        "Each flag can also be set in the environment (CLOCKWISE_LOG_LEVEL "
        "for\n"
        "--log-level) and in the file of --config. The command line overrides "
        "the\nenvironment, which overrides the file.");
  }

 private:
  void AddPortFlags() {
    app.option_defaults()->group("Network");
    app.add_option("--listen", options.listen,
                   "Address of gRPC; port 0 means any free port")
        ->type_name("HOST:PORT|unix:PATH");
    app.add_option("--advertise", options.advertise,
                   "Address at which other programs reach gRPC, in the list of "
                   "servers of the store; empty means that of --listen")
        ->type_name("HOST:PORT|unix:PATH")
        ->check(Advertised());
    app.add_option("--http", options.http,
                   "Address of HTTP: ring page, /api/v1, /metrics, /healthz, "
                   "/readyz")
        ->type_name("HOST:PORT");
    app.add_option("--http-hosts", options.http_hosts,
                   "Host names by which clients may call the HTTP port, "
                   "besides localhost and IP addresses; * matches any text")
        ->type_name("NAME,…");
    app.add_option("--ring-page", options.ring_page,
                   "Serve the ring page and /api/v1; auto means off with "
                   "--access-policy, on without")
        ->type_name("")
        ->check(CLI::IsMember({"auto", "on", "off"}));
  }

  void AddRingFlags() {
    app.option_defaults()->group("Rings");
    app.add_option("--layout", layout,
                   "Layout of the ring \"default\" when the server creates "
                   "it; `clockwise ring layouts` lists all")
        ->type_name("NAME");
    app.add_option("--virtual-nodes", virtual_nodes,
                   "Points per unit of weight in the ring \"default\"; 0 means "
                   "160")
        ->type_name("N");
    app.add_option("--partition-bits", partition_bits,
                   "Number of partitions of the ring \"default\": 2^N, N from "
                   "4 to 20; 0 means 16")
        ->type_name("N");
    app.add_option("--replicas", replicas,
                   "Owners per key of the ring \"default\"; 0 means 3 for the "
                   "layout partitioned, 1 for others")
        ->type_name("N");
    app.add_option("--watch-heartbeat", options.watch_heartbeat,
                   "Interval of heartbeats on an idle Watch stream, in seconds")
        ->type_name("SECONDS")
        ->check(Between(0.05, kMaxSeconds));
    app.add_option("--history-changes", options.history_changes,
                   "Maximum number of changes kept per ring")
        ->type_name("N")
        ->check(Between(size_t{1}, limits::kMaxHistoryChanges));
    app.add_option("--max-points", options.max_points,
                   "Maximum number of points of all rings together")
        ->type_name("N")
        ->check(Between(uint64_t{1}, limits::kMostPoints));
    app.add_option("--history-bytes", options.history_bytes,
                   "Maximum size of the changes kept per ring, in bytes; the "
                   "oldest are removed first")
        ->type_name("BYTES")
        ->check(Between(size_t{1}, limits::kMaxHistoryBytes));
    app.add_option("--keep-deleted-rings", options.keep_deleted_hours,
                   "Time for which `clockwise ring undelete` can restore a "
                   "deleted ring, in hours; 0 means never")
        ->type_name("HOURS")
        ->check(Between(0.0, limits::kMostKeepDeletedHours));
    app.add_option("--metrics-names", options.metrics_names,
                   "Names of rings and nodes in /metrics; auto means off with "
                   "--access-policy unless only this machine can reach --http")
        ->type_name("")
        ->check(CLI::IsMember({"auto", "on", "hashed", "off"}));
    app.add_option(
           "--max-node-series", options.max_node_series,
           "Maximum number of nodes of a ring with metrics per node; larger "
           "rings have none")
        ->type_name("N");
  }

  void AddOperationFlags() {
    app.option_defaults()->group("Operation");
    app.add_option("--lame-duck", options.lame_duck,
                   "Time after SIGTERM in which health reports NOT_SERVING but "
                   "calls are accepted, in seconds")
        ->type_name("SECONDS")
        ->check(Between(0.0, kMaxSeconds));
    app.add_option("--drain-grace", options.drain_grace,
                   "Maximum time for open calls to end, in seconds")
        ->type_name("SECONDS")
        ->check(Between(0.0, kMaxSeconds));
    app.add_option("--self-probe", options.self_probe,
                   "Interval of the self-probe, in seconds; 0 turns it off")
        ->type_name("SECONDS")
        ->check(Between(0.0, kMaxSeconds));
  }

  void AddLogFlags() {
    app.option_defaults()->group("Logging");
    app.add_option("--log-format", log_format,
                   "Format of the log; auto means text on a terminal and JSON "
                   "elsewhere")
        ->type_name("")
        ->check(CLI::IsMember(kFormats));
    app.add_option("--log-level", log_level, "Lowest level that is logged")
        ->type_name("")
        ->check(CLI::IsMember(kLevels));
  }

  void AddConfigFlags() {
    app.option_defaults()->group("Configuration");
    app.add_option("--config", config,
                   "File with flags, one per line: listen=HOST:PORT")
        ->type_name("FILE");
    app.add_flag("--check-config", options.check_config,
                 "Check the flags and the files that they name, and exit");
    app.add_flag("--print-config", print_config,
                 "Print the value and the source of each flag, and exit");
    app.set_help_flag("-h,--help", "Show this help");
    app.set_version_flag("--version", CLOCKWISE_VERSION, "Show the version");
  }
};

// Converts the error of a RingSpec, which begins with the name of a field, to
// an error of the flag that sets the field.
absl::Status InFlagOfRing(const absl::Status& refusal) {
  const absl::string_view text = absl::StripPrefix(refusal.message(), "spec.");
  const size_t end = std::min(text.find_first_of(" :"), text.size());
  const absl::string_view field = text.substr(0, end);
  // These flags are older than the suffix _count of the fields.
  const std::string flag = field == "virtual_node_count" ? "virtual-nodes"
                           : field == "replica_count"    ? "replicas"
                                                         : KebabCase(field);
  return absl::InvalidArgumentError(absl::StrCat("--", flag, text.substr(end)));
}

// The error for the first argument that is not an option.
absl::Status UnknownArgument(const CLI::App& app) {
  const std::vector<std::string> extras = app.remaining();
  const std::string first = extras.empty() ? "" : extras[0];
  const std::string wrong = first.substr(0, first.find('='));
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      names.push_back(absl::StrCat("--", name));
    }
  }
  const auto near = NearestNames(wrong, names, 2);
  return absl::InvalidArgumentError(absl::StrCat(
      absl::StartsWith(wrong, "-") ? "unknown option " : "unexpected argument ",
      wrong, "; ",
      near.empty() ? "see `clockwised --help`" : DidYouMean(near)));
}

absl::Status Parse(Parser& parser, std::vector<std::string> arguments) {
  std::reverse(arguments.begin(), arguments.end());  // CLI11 requires this
  try {
    parser.app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    parser.options.help = parser.app.help();
  } catch (const CLI::CallForVersion&) {
    parser.options.help = absl::StrCat("clockwised ", CLOCKWISE_VERSION, "\n");
  } catch (const CLI::ExtrasError&) {
    return UnknownArgument(parser.app);
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(error.what());
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ServerOptions> ParseOptions(
    const std::vector<std::string>& arguments) {
  Parser parser;
  std::vector<std::string> words = arguments;
  if (words.size() == 1 && (words[0] == "help" || words[0] == "version")) {
    words[0].insert(0, "--");
  }
  const auto sources =
      FlagSources(parser.app, WithKebabCaseFlags(parser.app, words));
  if (!sources.ok()) return sources.status();
  std::vector<std::string> all;
  for (const FlagSource& source : *sources) {
    for (const std::string& argument : source.arguments) {
      // For "--audit-log=", CLI11 would use the next argument as the value.
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
  spec.set_virtual_node_count(parser.virtual_nodes);
  spec.set_partition_bits(parser.partition_bits);
  spec.set_replica_count(parser.replicas);
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
