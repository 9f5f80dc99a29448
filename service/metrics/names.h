// Every metric that the server shows, in one table: name, type and help.
// Immutable. tests/metrics/ checks it against DESIGN §7.
//
// Names carry base units, `_total` marks counters, and no label takes a value
// that callers may choose freely: never a key, a request id or a peer.
#ifndef CLOCKWISE_SERVICE_METRICS_NAMES_H_
#define CLOCKWISE_SERVICE_METRICS_NAMES_H_

#include <prometheus/metric_type.h>

#include <array>
#include <cstddef>

namespace clockwise {

// The rows of kMetrics, in its order.
enum class Metric {
  kBuildInfo,
  kRingEpoch,
  kRingNodes,
  kRingPoints,
  kRingPeakToMean,
  kRingShareStddev,
  kRingZoneShortfall,
  kRingFingerprint,
  kNodeShare,
  kNodeLocates,
  kRingMoved,
  kRingChanges,
  kWatchStreams,
  kWatchLag,
  kWatchResyncs,
  kStoreCommit,
  kStoreUp,
  kUnconfirmed,
  kRpcStarted,
  kRpcHandled,
  kRpcReceived,
  kRpcSent,
  kRpcHandling,
  kLimitReached,
  kCertificateExpiry,
  kSecurityReloads,
  kCallsRefused,
  kAuditLost,
  kProbeFailures,
  kProcessCpu,
  kProcessResidentMemory,
  kProcessVirtualMemory,
  kProcessOpenFds,
  kProcessMaxFds,
  kProcessStartTime,
  kProcessThreads,
};

struct MetricRow {
  Metric metric;
  const char* name;
  prometheus::MetricType type;
  const char* help;
  // One series a node: shown for rings up to a bound only, which the collector
  // adds to the help.
  bool per_node = false;
};

inline constexpr std::array<MetricRow, 36> kMetrics = {{
    {Metric::kBuildInfo, "clockwise_build_info", prometheus::MetricType::Gauge,
     "Always 1; the labels tell what was built."},
    {Metric::kRingEpoch, "clockwise_ring_epoch", prometheus::MetricType::Gauge,
     "Epoch of the ring: one more with each accepted change."},
    {Metric::kRingNodes, "clockwise_ring_nodes", prometheus::MetricType::Gauge,
     "Nodes on the ring."},
    {Metric::kRingPoints, "clockwise_ring_points",
     prometheus::MetricType::Gauge,
     "Points (virtual nodes) on the ring, or its partitions; 0 in layouts "
     "without either."},
    {Metric::kRingPeakToMean, "clockwise_ring_peak_to_mean_ratio",
     prometheus::MetricType::Gauge,
     "Greatest share of a node over what is due to its weight, all owners "
     "counted; 1 is perfect, 0 is a ring without nodes."},
    {Metric::kRingShareStddev, "clockwise_ring_share_stddev_ratio",
     prometheus::MetricType::Gauge,
     "Standard deviation of the nodes' shares over what is due to their "
     "weights."},
    {Metric::kRingZoneShortfall, "clockwise_ring_zone_shortfall_partitions",
     prometheus::MetricType::Gauge,
     "Partitions whose owners are in fewer zones than there are owners."},
    {Metric::kRingFingerprint, "clockwise_ring_fingerprint",
     prometheus::MetricType::Gauge,
     "The low 53 bits of the ring's fingerprint: servers at one epoch of one "
     "ring that show different ones disagree on where keys belong."},
    {Metric::kNodeShare, "clockwise_node_share_ratio",
     prometheus::MetricType::Gauge,
     "Part of the hash space that the node owns, all owners counted; 1 in sum "
     "over a ring.",
     true},
    {Metric::kNodeLocates, "clockwise_node_locates_total",
     prometheus::MetricType::Counter,
     "Keys located with the node as primary, by Locate and BatchLocate.", true},
    {Metric::kRingMoved, "clockwise_ring_moved_ratio_total",
     prometheus::MetricType::Counter,
     "Hash space moved so far: the sum of the moved_ratio of all changes."},
    {Metric::kRingChanges, "clockwise_ring_changes_total",
     prometheus::MetricType::Counter,
     "Changes that this server made, by what they did; mixed did several of "
     "add, update and remove."},
    {Metric::kWatchStreams, "clockwise_watch_streams",
     prometheus::MetricType::Gauge, "Open Watch streams."},
    {Metric::kWatchLag, "clockwise_watch_lag_epochs",
     prometheus::MetricType::Gauge,
     "Epochs that the Watch stream farthest behind has not been sent yet."},
    {Metric::kWatchResyncs, "clockwise_watch_resyncs_total",
     prometheus::MetricType::Counter,
     "Snapshots sent to Watch streams in place of a delta, by reason."},
    {Metric::kStoreCommit, "clockwise_store_commit_seconds",
     prometheus::MetricType::Histogram,
     "Time until the store had made a change durable, or refused it."},
    {Metric::kStoreUp, "clockwise_store_up", prometheus::MetricType::Gauge,
     "Whether the last contact with the store succeeded."},
    {Metric::kUnconfirmed, "clockwise_unconfirmed_seconds",
     prometheus::MetricType::Gauge,
     "How long ago the server was sure to know the newest epochs of a store "
     "that it shares; 0 where it shares none."},
    {Metric::kRpcStarted, "grpc_server_started_total",
     prometheus::MetricType::Counter, "RPCs started on the server."},
    {Metric::kRpcHandled, "grpc_server_handled_total",
     prometheus::MetricType::Counter,
     "RPCs completed on the server, whatever their code."},
    {Metric::kRpcReceived, "grpc_server_msg_received_total",
     prometheus::MetricType::Counter, "Messages received by the server."},
    {Metric::kRpcSent, "grpc_server_msg_sent_total",
     prometheus::MetricType::Counter, "Messages sent by the server."},
    {Metric::kRpcHandling, "grpc_server_handling_seconds",
     prometheus::MetricType::Histogram,
     "Time from the start to the end of unary RPCs on the server."},
    {Metric::kLimitReached, "clockwise_limit_reached_total",
     prometheus::MetricType::Counter,
     "Calls, connections or streams refused or kept waiting because a bound on "
     "what callers may take was reached, by the flag --max_… that sets it."},
    {Metric::kCertificateExpiry,
     "clockwise_tls_certificate_expiry_timestamp_seconds",
     prometheus::MetricType::Gauge,
     "When the served certificate, or the first of its chain, expires, in "
     "seconds since the Unix epoch."},
    {Metric::kSecurityReloads, "clockwise_security_reloads_total",
     prometheus::MetricType::Counter,
     "Times that the certificate or the policy was read anew, by whether it "
     "was in order and replaced the old one."},
    {Metric::kCallsRefused, "clockwise_calls_refused_total",
     prometheus::MetricType::Counter,
     "Calls that were not let in, by why; only with a policy."},
    {Metric::kAuditLost, "clockwise_audit_lost_total",
     prometheus::MetricType::Counter,
     "Lines that could not be written to the audit log."},
    {Metric::kProbeFailures, "clockwise_self_probe_failures_total",
     prometheus::MetricType::Counter,
     "Times that the server did not answer when it dialled its own address."},
    {Metric::kProcessCpu, "process_cpu_seconds_total",
     prometheus::MetricType::Counter, "User and system CPU time spent."},
    {Metric::kProcessResidentMemory, "process_resident_memory_bytes",
     prometheus::MetricType::Gauge, "Resident memory size."},
    {Metric::kProcessVirtualMemory, "process_virtual_memory_bytes",
     prometheus::MetricType::Gauge, "Virtual memory size."},
    {Metric::kProcessOpenFds, "process_open_fds", prometheus::MetricType::Gauge,
     "Open file descriptors."},
    {Metric::kProcessMaxFds, "process_max_fds", prometheus::MetricType::Gauge,
     "Limit of open file descriptors."},
    {Metric::kProcessStartTime, "process_start_time_seconds",
     prometheus::MetricType::Gauge,
     "When the process started, in seconds since the Unix epoch."},
    {Metric::kProcessThreads, "process_threads", prometheus::MetricType::Gauge,
     "Threads of the process."},
}};

// Whether each row stands where its enumerator says.
constexpr bool InOrder() {
  for (size_t i = 0; i < kMetrics.size(); ++i) {
    if (static_cast<size_t>(kMetrics[i].metric) != i) return false;
  }
  return true;
}
static_assert(InOrder());

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_METRICS_NAMES_H_
