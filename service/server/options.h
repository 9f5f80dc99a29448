// ServerOptions are the server's options from flags, environment and config
// file. A value.
#ifndef CLOCKWISE_SERVICE_SERVER_OPTIONS_H_
#define CLOCKWISE_SERVICE_SERVER_OPTIONS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clockwise/v1/placement.pb.h"
#include "service/limits.h"
#include "service/rpc/serving_limits.h"
#include "service/runtime/log.h"
#include "service/server/security.h"
#include "service/server/store_options.h"

namespace clockwise {

struct ServerOptions {
  std::string listen = "127.0.0.1:7400";
  std::string advertise;  // empty: AdvertisedAddress of `listen`
  std::string http = "127.0.0.1:7480";
  std::string store = "sqlite:clockwise.db";
  std::string http_hosts;          // separated by commas
  std::string ring_page = "auto";  // or on, off
  EtcdFlags etcd;
  bool require_existing = false;  // do not start on a store without rings
  SecurityOptions security;
  ServingLimits serving;
  v1::RingSpec default_ring;   // for the ring "default" if it is created
  double watch_heartbeat = 5;  // seconds
  size_t history_changes = limits::kHistoryChanges;
  size_t history_bytes = limits::kHistoryBytes;
  uint64_t max_points = limits::kMaxAllPoints;
  double keep_deleted_hours = limits::kKeepDeletedHours;
  size_t max_node_series = limits::kMaxNodeSeries;
  std::string metrics_names = "auto";  // or on, hashed, off
  double lame_duck = 1;                // seconds
  double drain_grace = 5;              // seconds
  double self_probe = 5;               // seconds between probes; 0: none
  LogFormat log_format = LogFormat::kAuto;
  LogLevel log_level = LogLevel::kInfo;
  bool check_config = false;  // check the configuration and exit
  std::string config;         // flags that are not defaults, with sources
  std::string help;           // if not empty: print this and exit 0
};

// Converts the seconds of a flag.
inline std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

// Returns the options from, in this order of priority:
// - the command line `arguments` (without the program's name);
// - the environment (CLOCKWISE_LISTEN for --listen);
// - the file of --config (lines such as listen=HOST:PORT, # comments);
// - the defaults.
// INVALID_ARGUMENT: a value is not valid; the message is one line.
absl::StatusOr<ServerOptions> ParseOptions(
    const std::vector<std::string>& arguments);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_SERVER_OPTIONS_H_
