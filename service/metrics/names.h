// The table of all metrics that the server exports: name, type and help.
// Immutable.
//
// Names have base units, and counters end in `_total`. No label has a value
// that callers choose freely, such as a key, a request ID or a peer.
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
  kRingExpectedPeak,
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
  kStoreTrusted,
  kStoreRefuses,
  kStoreRejected,
  kUnconfirmed,
  kRpcStarted,
  kRpcHandled,
  kRpcReceived,
  kRpcSent,
  kRpcHandling,
  kLimitReached,
  kPendingBytes,
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
  // One series per node. The collector exports it only for rings up to a
  // maximum number of nodes, and adds this to the help.
  bool per_node = false;
};

inline constexpr std::array<MetricRow, 41> kMetrics = {{
    {Metric::kBuildInfo, "clockwise_build_info", prometheus::MetricType::Gauge,
     "Version of the server, in the labels; the value is always 1."},
    {Metric::kRingEpoch, "clockwise_ring_epoch", prometheus::MetricType::Gauge,
     "Epoch of the ring; each accepted change adds 1."},
    {Metric::kRingNodes, "clockwise_ring_nodes", prometheus::MetricType::Gauge,
     "Number of nodes in the ring."},
    {Metric::kRingPoints, "clockwise_ring_points",
     prometheus::MetricType::Gauge,
     "Number of points (virtual nodes) or partitions of the ring; 0 for "
     "layouts without either."},
    {Metric::kRingPeakToMean, "clockwise_ring_peak_to_mean_ratio",
     prometheus::MetricType::Gauge,
     "Largest ratio of a node's share to its fair share, counting all "
     "owners; 1 is perfect, 0 is a ring without nodes."},
    {Metric::kRingExpectedPeak, "clockwise_ring_expected_peak_to_mean_ratio",
     prometheus::MetricType::Gauge,
     "Largest clockwise_ring_peak_to_mean_ratio that the ring's layout is "
     "expected to have; at least 1.25."},
    {Metric::kRingShareStddev, "clockwise_ring_share_stddev_ratio",
     prometheus::MetricType::Gauge,
     "Standard deviation of the nodes' ratios of share to fair share, "
     "counting all owners; 0 is perfect."},
    {Metric::kRingZoneShortfall, "clockwise_ring_zone_shortfall_partitions",
     prometheus::MetricType::Gauge,
     "Number of partitions with owners in fewer zones than there are owners; "
     "0 if no node has a zone."},
    {Metric::kRingFingerprint, "clockwise_ring_fingerprint",
     prometheus::MetricType::Gauge,
     "Low 53 bits of the ring's fingerprint; servers that show different "
     "values at the same epoch place keys differently."},
    {Metric::kNodeShare, "clockwise_node_share_ratio",
     prometheus::MetricType::Gauge,
     "Share of the hash space that the node owns, counting all owners; the "
     "shares of a ring add up to 1.",
     true},
    {Metric::kNodeLocates, "clockwise_node_locates_total",
     prometheus::MetricType::Counter,
     "Number of keys located with the node as primary, by Locate, "
     "BatchLocate and LocateStream.",
     true},
    {Metric::kRingMoved, "clockwise_ring_moved_ratio_total",
     prometheus::MetricType::Counter,
     "Sum of the moved_ratio of all changes that this server accepted."},
    {Metric::kRingChanges, "clockwise_ring_changes_total",
     prometheus::MetricType::Counter,
     "Number of changes that this server accepted, by kind; mixed is more "
     "than one of add, update and remove."},
    {Metric::kWatchStreams, "clockwise_watch_streams",
     prometheus::MetricType::Gauge, "Number of open Watch streams."},
    {Metric::kWatchLag, "clockwise_watch_lag_epochs",
     prometheus::MetricType::Gauge,
     "Number of epochs not yet sent to the Watch stream that is farthest "
     "behind."},
    {Metric::kWatchResyncs, "clockwise_watch_resyncs_total",
     prometheus::MetricType::Counter,
     "Number of snapshots sent to Watch streams instead of a delta, by "
     "reason."},
    {Metric::kStoreCommit, "clockwise_store_commit_seconds",
     prometheus::MetricType::Histogram,
     "Time until the store made a change durable or rejected it."},
    {Metric::kStoreUp, "clockwise_store_up", prometheus::MetricType::Gauge,
     "State of the store: 1 if the last access succeeded, else 0."},
    {Metric::kStoreTrusted, "clockwise_store_trusted",
     prometheus::MetricType::Gauge,
     "1 if the store is the one that the server has read; 0 if it was "
     "replaced, was set back, or has lost rings."},
    {Metric::kStoreRefuses, "clockwise_store_refuses_changes",
     prometheus::MetricType::Gauge,
     "1 from a change that the store rejected although it answers, for example "
     "because it is full or read-only, until a change succeeds; else 0."},
    {Metric::kStoreRejected, "clockwise_store_rejected_answers_total",
     prometheus::MetricType::Counter,
     "Number of answers of etcd that were rejected: of another cluster, or of "
     "a lower revision."},
    {Metric::kUnconfirmed, "clockwise_unconfirmed_seconds",
     prometheus::MetricType::Gauge,
     "Time since the server last confirmed that it has the newest epochs of "
     "a shared store; 0 if the store is not shared."},
    {Metric::kRpcStarted, "grpc_server_started_total",
     prometheus::MetricType::Counter, "Number of RPCs started on the server."},
    {Metric::kRpcHandled, "grpc_server_handled_total",
     prometheus::MetricType::Counter,
     "Number of RPCs completed on the server, by code."},
    {Metric::kRpcReceived, "grpc_server_msg_received_total",
     prometheus::MetricType::Counter,
     "Number of messages received by the server."},
    {Metric::kRpcSent, "grpc_server_msg_sent_total",
     prometheus::MetricType::Counter, "Number of messages sent by the server."},
    {Metric::kRpcHandling, "grpc_server_handling_seconds",
     prometheus::MetricType::Histogram,
     "Time from start to end of unary RPCs on the server."},
    {Metric::kLimitReached, "clockwise_limit_reached_total",
     prometheus::MetricType::Counter,
     "Number of calls, connections or streams rejected or delayed at a "
     "limit, which the flag --max-… of the same name sets."},
    {Metric::kPendingBytes, "clockwise_pending_bytes",
     prometheus::MetricType::Gauge,
     "Memory of requests that wait and of answers that clients have not read, "
     "as --max-pending-bytes counts it."},
    {Metric::kCertificateExpiry,
     "clockwise_tls_certificate_expiry_timestamp_seconds",
     prometheus::MetricType::Gauge,
     "Earliest expiry time in the served certificate chain, in seconds since "
     "the Unix epoch."},
    {Metric::kSecurityReloads, "clockwise_security_reloads_total",
     prometheus::MetricType::Counter,
     "Number of reloads of the certificate or the policy, by outcome: "
     "replaced, or refused because the files are invalid."},
    {Metric::kCallsRefused, "clockwise_calls_refused_total",
     prometheus::MetricType::Counter,
     "Number of calls that access control rejected, by reason; only with a "
     "policy."},
    {Metric::kAuditLost, "clockwise_audit_lost_total",
     prometheus::MetricType::Counter,
     "Number of audit log lines that could not be written."},
    {Metric::kProbeFailures, "clockwise_self_probe_failures_total",
     prometheus::MetricType::Counter,
     "Number of self-probes that the server did not answer at its own "
     "address."},
    {Metric::kProcessCpu, "process_cpu_seconds_total",
     prometheus::MetricType::Counter,
     "User and system CPU time of the process."},
    {Metric::kProcessResidentMemory, "process_resident_memory_bytes",
     prometheus::MetricType::Gauge, "Resident memory size of the process."},
    {Metric::kProcessVirtualMemory, "process_virtual_memory_bytes",
     prometheus::MetricType::Gauge, "Virtual memory size of the process."},
    {Metric::kProcessOpenFds, "process_open_fds", prometheus::MetricType::Gauge,
     "Number of open file descriptors."},
    {Metric::kProcessMaxFds, "process_max_fds", prometheus::MetricType::Gauge,
     "Maximum number of open file descriptors."},
    {Metric::kProcessStartTime, "process_start_time_seconds",
     prometheus::MetricType::Gauge,
     "Start time of the process, in seconds since the Unix epoch."},
    {Metric::kProcessThreads, "process_threads", prometheus::MetricType::Gauge,
     "Number of threads of the process."},
}};

// True if each row is at the index of its enumerator.
constexpr bool InOrder() {
  for (size_t i = 0; i < kMetrics.size(); ++i) {
    if (static_cast<size_t>(kMetrics[i].metric) != i) return false;
  }
  return true;
}
static_assert(InOrder());

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_METRICS_NAMES_H_
