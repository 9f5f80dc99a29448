#include "service/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "service/ring/layout.h"
#include "service/ring/validate.h"

namespace clockwise {
namespace {

constexpr double kMaxSeconds = 3600;

void AddLimitFlags(CLI::App& app, ServingLimits& serving) {
  app.add_option("--max_request_bytes", serving.request_bytes,
                 "Size of a request")
      ->check(CLI::Range(1024, limits::kMostRequestBytes));
  app.add_option("--max_metadata_bytes", serving.metadata_bytes,
                 "Size of a call's metadata")
      ->check(CLI::Range(1024, limits::kMostMetadataBytes));
  app.add_option("--max_calls_per_connection", serving.calls_per_connection,
                 "Calls and streams of one connection; others wait there")
      ->check(CLI::Range(1, static_cast<int>(limits::kMostCalls)));
  const std::tuple<const char*, size_t*, const char*> bounds[] = {
      {"--max_queued_calls", &serving.queued_calls,
       "Changes that wait for their turn, and as many long reads"},
      {"--max_waiting_calls", &serving.waiting_calls,
       "Look-ups that wait for their min_epoch"},
      {"--max_watch_streams", &serving.watch_streams, "Open Watch streams"},
      {"--max_watch_streams_per_peer", &serving.watch_streams_per_peer,
       "The same of one machine"},
      {"--max_locate_streams", &serving.locate_streams,
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
    app.add_option("--listen", options.listen,
                   "gRPC: HOST:PORT (port 0 takes a free one) or unix:PATH");
    app.add_option("--http", options.http,
                   "HTTP (/metrics, /healthz, /readyz): HOST:PORT");
    app.add_option("--store", options.store,
                   absl::StrCat("Where rings are durable: ", kStoreForms));
    AddEtcdFlags(app, options.etcd);
    AddSecurityFlags(app, options.security);
    AddLimitFlags(app, options.serving);
    app.add_option("--layout", layout,
                   "Layout of the ring \"default\" when it is first created: "
                   "hashed, partitioned, modulo");
    app.add_option("--virtual_nodes", virtual_nodes,
                   "Its points per unit of weight (0: 160)");
    app.add_option("--partition_bits", partition_bits,
                   "Its partitions are 2 to this power (0: 16)");
    app.add_option("--replicas", replicas,
                   "Its owners per key (0: 1; partitioned: 3)");
    app.add_option("--watch_heartbeat", options.watch_heartbeat,
                   "Seconds between heartbeats on an idle watch stream")
        ->check(CLI::Range(0.05, kMaxSeconds));
    app.add_option("--history_changes", options.history_changes,
                   "Changes kept per ring")
        ->check(CLI::Range(size_t{1}, limits::kMaxHistoryChanges));
    app.add_option("--history_bytes", options.history_bytes,
                   "Bytes that a ring's kept changes may take; older ones go "
                   "before there are --history_changes")
        ->check(CLI::Range(size_t{1}, limits::kMaxHistoryBytes));
    app.add_option("--max_node_series", options.max_node_series,
                   "Nodes of a ring above which it has no metrics per node");
    app.add_option("--lame_duck", options.lame_duck,
                   "Seconds from SIGTERM, when health says NOT_SERVING, until "
                   "calls are no longer taken")
        ->check(CLI::Range(0.0, kMaxSeconds));
    app.add_option("--drain_grace", options.drain_grace,
                   "Seconds that calls under way have to end after that")
        ->check(CLI::Range(0.0, kMaxSeconds));
    app.add_option("--self_probe", options.self_probe,
                   "Seconds between looks whether the server answers itself; "
                   "0: never")
        ->check(CLI::Range(0.0, kMaxSeconds));
    app.add_option("--config", config,
                   "File with the same flags, a line each: listen=HOST:PORT");
    app.footer(
        "Each flag can also come from the environment: CLOCKWISE_LISTEN "
        "for --listen.\nThe command line wins over the environment, that "
        "over the file.");
  }

  bool Knows(const std::string& name) const {
    return app.get_option_no_throw("--" + name) != nullptr && name != "config";
  }
};

// The flags that are in the environment, as arguments.
std::vector<std::string> FromEnvironment(const Parser& parser) {
  std::vector<std::string> arguments;
  for (const CLI::Option* option : parser.app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      if (!parser.Knows(name)) continue;
      const std::string variable =
          absl::StrCat("CLOCKWISE_", absl::AsciiStrToUpper(name));
      if (const char* value = std::getenv(variable.c_str())) {
        arguments.push_back(absl::StrCat("--", name, "=", value));
      }
    }
  }
  return arguments;
}

// The flags of a config file, as arguments.
absl::StatusOr<std::vector<std::string>> FromFile(const Parser& parser,
                                                  const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::vector<std::string> arguments;
  for (int number = 1; std::getline(file, line); ++number) {
    absl::string_view text = absl::StripAsciiWhitespace(line);
    if (text.empty() || text.front() == '#') continue;
    absl::ConsumePrefix(&text, "--");
    const size_t equals = text.find('=');
    const std::string name(absl::StripAsciiWhitespace(text.substr(0, equals)));
    if (equals == absl::string_view::npos || !parser.Knows(name)) {
      return absl::InvalidArgumentError(absl::StrCat(
          path, ":", number, ": ", line, " is no FLAG=VALUE of this program"));
    }
    arguments.push_back(absl::StrCat(
        "--", name, "=", absl::StripAsciiWhitespace(text.substr(equals + 1))));
  }
  if (!file.eof()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--config: cannot read ", path, ": ", std::strerror(errno)));
  }
  return arguments;
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

// The file that `arguments` or the environment name.
std::string ConfigPath(const std::vector<std::string>& arguments) {
  const char* value = std::getenv("CLOCKWISE_CONFIG");
  std::string path = value == nullptr ? "" : value;
  for (size_t i = 0; i < arguments.size(); ++i) {
    absl::string_view argument = arguments[i];
    if (absl::ConsumePrefix(&argument, "--config=")) {
      path = std::string(argument);
    } else if (argument == "--config" && i + 1 < arguments.size()) {
      path = arguments[i + 1];
    }
  }
  return path;
}

}  // namespace

absl::StatusOr<ServerOptions> ParseOptions(
    const std::vector<std::string>& arguments) {
  Parser parser;
  std::vector<std::string> all;
  if (const std::string path = ConfigPath(arguments); !path.empty()) {
    auto from_file = FromFile(parser, path);
    if (!from_file.ok()) return from_file.status();
    all = *std::move(from_file);
  }
  const std::vector<std::string> environment = FromEnvironment(parser);
  all.insert(all.end(), environment.begin(), environment.end());
  all.insert(all.end(), arguments.begin(), arguments.end());
  if (absl::Status status = Parse(parser, std::move(all)); !status.ok()) {
    return status;
  }
  if (!parser.options.help.empty()) return parser.options;
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
    return absl::InvalidArgumentError(absl::StrCat(
        "--", absl::StripPrefix(normal.status().message(), "spec.")));
  }
  parser.options.default_ring = *std::move(normal);
  return parser.options;
}

}  // namespace clockwise
