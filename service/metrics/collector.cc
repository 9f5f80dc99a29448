#include "service/metrics/collector.h"

#include <openssl/evp.h>

#include <cassert>
#include <chrono>
#include <initializer_list>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "service/metrics/names.h"
#include "service/metrics/process_figures.h"

namespace clockwise {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using Label = ClientMetric::Label;

constexpr const char* kGrpcService = "clockwise.v1.PlacementService";

// gRPC codes with the names of go-grpc-prometheus, which dashboards query.
constexpr std::array<const char*, kStatusCodes> kCodeNames = {
    "OK",
    "Canceled",
    "Unknown",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "AlreadyExists",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "Aborted",
    "OutOfRange",
    "Unimplemented",
    "Internal",
    "Unavailable",
    "DataLoss",
    "Unauthenticated"};

// Returns the first 16 hexadecimal digits of the SHA-256 of a name. It is the
// same on all servers and after a restart, so that series continue.
std::string HashedName(const std::string& name) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(name.data(), name.size(), digest, &size, EVP_sha256(), nullptr);
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest), 8});
}

// The metric families of one scrape. They are filled one by one.
class Scrape {
 public:
  Scrape(size_t max_node_series, MetricNames names) : names_(names) {
    families_.reserve(kMetrics.size());
    for (const MetricRow& row : kMetrics) {
      MetricFamily& family = families_.emplace_back();
      family.name = row.name;
      family.type = row.type;
      family.help = row.help;
      if (row.per_node) {
        absl::StrAppend(&family.help, " Only for rings of at most ",
                        max_node_series, " nodes.");
      }
    }
  }

  // Adds a series with a value.
  void Add(Metric metric, std::vector<Label> labels, double value) {
    if (!Permit(labels)) return;
    MetricFamily& family = Family(metric);
    ClientMetric& series = family.metric.emplace_back();
    series.label = std::move(labels);
    if (family.type == prometheus::MetricType::Counter) {
      series.counter.value = value;
    } else {
      assert(family.type == prometheus::MetricType::Gauge);
      series.gauge.value = value;
    }
  }
  void Add(Metric metric, std::vector<Label> labels, uint64_t value) {
    Add(metric, std::move(labels), static_cast<double>(value));
  }

  // Adds a histogram. Its count is the sum of the buckets that were read, so
  // that the two agree while other threads observe values.
  void Add(Metric metric, std::vector<Label> labels,
           const LatencyHistogram& histogram) {
    ClientMetric& series = Family(metric).metric.emplace_back();
    series.label = std::move(labels);
    uint64_t count = 0;
    for (size_t i = 0; i < LatencyHistogram::kBounds.size(); ++i) {
      count += histogram.count(i);
      series.histogram.bucket.push_back({count, LatencyHistogram::kBounds[i]});
    }
    count += histogram.count(LatencyHistogram::kBounds.size());
    series.histogram.sample_count = count;
    series.histogram.sample_sum = histogram.sum();
  }

  std::vector<MetricFamily> Take() { return std::move(families_); }

 private:
  // Hashes the names in the labels. Returns false if the series is omitted
  // because of a name.
  bool Permit(std::vector<Label>& labels) const {
    if (names_ == MetricNames::kOn) return true;
    for (Label& label : labels) {
      if (label.name != "ring" && label.name != "node") continue;
      if (names_ == MetricNames::kOff) return false;
      label.value = HashedName(label.value);
    }
    return true;
  }

  MetricFamily& Family(Metric metric) {
    return families_[static_cast<size_t>(metric)];
  }

  const MetricNames names_;
  std::vector<MetricFamily> families_;
};

void AddNodes(const RingState& state, Scrape& scrape) {
  const NodeList& nodes = state.ring().nodes();
  const std::vector<double> shares = Shares(state.measured.ownership);
  for (size_t i = 0; i < nodes.size(); ++i) {
    const std::vector<Label> labels = {{"ring", state.name()},
                                       {"node", nodes[i]->id()}};
    scrape.Add(Metric::kNodeShare, labels, shares[i]);
    scrape.Add(Metric::kNodeLocates, labels, state.locates.Of(i));
  }
}

void AddRing(const RingState& state, size_t max_node_series, Scrape& scrape) {
  const std::vector<Label> labels = {{"ring", state.name()}};
  const Ring& ring = state.ring();
  const v1::Balance& balance = state.measured.balance;
  scrape.Add(Metric::kRingEpoch, labels, state.epoch);
  scrape.Add(Metric::kRingNodes, labels, ring.nodes().size());
  scrape.Add(Metric::kRingPoints, labels,
             ring.has_arcs() ? ring.slots() : size_t{0});
  scrape.Add(Metric::kRingPeakToMean, labels, balance.peak_to_mean());
  scrape.Add(Metric::kRingExpectedPeak, labels, state.measured.expected_peak);
  scrape.Add(Metric::kRingShareStddev, labels, balance.stddev());
  if (PartitionsOf(ring.spec()) > 0) {
    scrape.Add(Metric::kRingZoneShortfall, labels,
               uint64_t{state.measured.zone_shortfall});
  }
  constexpr uint64_t kExact = (uint64_t{1} << 53) - 1;  // in a double
  scrape.Add(Metric::kRingFingerprint, labels, ring.fingerprint() & kExact);
  scrape.Add(Metric::kRingMoved, labels, state.counters->moved_ratio.load());
  for (size_t kind = 0; kind < kChangeKindNames.size(); ++kind) {
    scrape.Add(Metric::kRingChanges,
               {{"ring", state.name()}, {"kind", kChangeKindNames[kind]}},
               state.counters->changes[kind].load());
  }
  if (ring.nodes().size() <= max_node_series) AddNodes(state, scrape);
}

// `rings` are all rings. A ring without Watch streams has a series with value
// 0, which differs from a missing series.
void AddWatch(WatchFigures figures, const std::vector<StatePtr>& rings,
              Scrape& scrape) {
  for (const StatePtr& state : rings)
    figures.streams.try_emplace(state->name());
  for (const auto& [ring, streams] : figures.streams) {
    scrape.Add(Metric::kWatchStreams, {{"ring", ring}}, streams);
  }
  scrape.Add(Metric::kWatchLag, {}, figures.lag_epochs);
  for (const auto& [key, count] : figures.resyncs) {
    scrape.Add(Metric::kWatchResyncs,
               {{"ring", key.first}, {"reason", key.second}}, count);
  }
}

void AddSecurity(const SecurityFigures& figures, Scrape& scrape) {
  if (figures.certificate_expires.has_value()) {
    scrape.Add(Metric::kCertificateExpiry, {},
               static_cast<double>(*figures.certificate_expires));
  }
  for (const auto& [what, replaced, refused] : figures.reloads) {
    scrape.Add(Metric::kSecurityReloads,
               {{"what", what}, {"outcome", "replaced"}}, replaced);
    scrape.Add(Metric::kSecurityReloads,
               {{"what", what}, {"outcome", "refused"}}, refused);
  }
  for (const auto& [reason, count] : figures.refused) {
    scrape.Add(Metric::kCallsRefused, {{"reason", reason}}, count);
  }
  scrape.Add(Metric::kProbeFailures, {}, figures.probe_failures);
  if (figures.audit_lost.has_value()) {
    scrape.Add(Metric::kAuditLost, {}, *figures.audit_lost);
  }
}

const char* TypeName(CallType type) {
  switch (type) {
    case CallType::kUnary:
      return "unary";
    case CallType::kServerStream:
      return "server_stream";
    case CallType::kBidiStream:
      return "bidi_stream";
  }
  return "";
}

// Adds a series for each method and code from the start. Rates and ratios of a
// code that has not occurred yet are 0 and not absent.
void AddRpcs(const RpcStats& stats, Scrape& scrape) {
  for (size_t i = 0; i < kMethods.size(); ++i) {
    const MethodStats& method = stats.methods[i];
    const bool unary = kMethods[i].type == CallType::kUnary;
    std::vector<Label> labels = {{"grpc_type", TypeName(kMethods[i].type)},
                                 {"grpc_service", kGrpcService},
                                 {"grpc_method", kMethods[i].name}};
    labels.push_back({"grpc_code", ""});
    for (size_t code = 0; code < kStatusCodes; ++code) {
      labels.back().value = kCodeNames[code];
      scrape.Add(Metric::kRpcHandled, labels, method.handled(code));
    }
    labels.pop_back();
    // Read after the handled calls, so that started - handled, the number of
    // calls in progress, is never negative.
    scrape.Add(Metric::kRpcStarted, labels, method.started());
    scrape.Add(Metric::kRpcReceived, labels,
               unary ? method.started() : method.received());
    scrape.Add(Metric::kRpcSent, labels,
               unary ? method.handled(0) : method.sent());
    if (unary) scrape.Add(Metric::kRpcHandling, labels, method.handling);
  }
}

// Returns the age in seconds; 0 also before the rings are loaded.
double Unconfirmed(const Membership& membership) {
  if (!membership.Ready().ok()) return 0;
  return std::chrono::duration<double>(membership.Unconfirmed()).count();
}

void AddProcess(const ProcessFigures& figures, Scrape& scrape) {
  const std::initializer_list<std::pair<Metric, std::optional<double>>> all = {
      {Metric::kProcessCpu, figures.cpu_seconds},
      {Metric::kProcessResidentMemory, figures.resident_bytes},
      {Metric::kProcessVirtualMemory, figures.virtual_bytes},
      {Metric::kProcessOpenFds, figures.open_fds},
      {Metric::kProcessMaxFds, figures.max_fds},
      {Metric::kProcessStartTime, figures.start_time_seconds},
      {Metric::kProcessThreads, figures.threads},
  };
  for (const auto& [metric, value] : all) {
    if (value) scrape.Add(metric, {}, *value);
  }
}

}  // namespace

MetricsCollector::MetricsCollector(Options options)
    : options_(std::move(options)) {
  assert(options_.membership && options_.rpc_stats && options_.watch_figures);
}

std::vector<MetricFamily> MetricsCollector::Collect() const {
  Scrape scrape(options_.max_node_series, options_.names);
  std::vector<Label> build_labels;
  for (const auto& [name, value] : options_.build_info) {
    build_labels.push_back({name, value});
  }
  scrape.Add(Metric::kBuildInfo, std::move(build_labels), 1.0);
  const std::vector<StatePtr> rings = options_.membership->Rings();
  for (const StatePtr& state : rings) {
    AddRing(*state, options_.max_node_series, scrape);
  }
  AddWatch(options_.watch_figures(), rings, scrape);
  scrape.Add(Metric::kStoreCommit, {}, options_.membership->commit_latency());
  scrape.Add(Metric::kStoreUp, {}, options_.membership->store_up() ? 1.0 : 0.0);
  scrape.Add(Metric::kStoreTrusted, {},
             options_.membership->store_trust().ok() ? 1.0 : 0.0);
  scrape.Add(Metric::kStoreRefuses, {},
             options_.membership->store_refusal().has_value() ? 1.0 : 0.0);
  scrape.Add(Metric::kStoreRejected, {},
             options_.membership->rejected_answers());
  scrape.Add(Metric::kUnconfirmed, {}, Unconfirmed(*options_.membership));
  AddRpcs(*options_.rpc_stats, scrape);
  for (size_t i = 0; i < kLimitNames.size(); ++i) {
    scrape.Add(Metric::kLimitReached, {{"limit", kLimitNames[i]}},
               options_.rpc_stats->reached[i].load());
  }
  scrape.Add(Metric::kPendingBytes, {},
             options_.rpc_stats->pending_bytes.load());
  if (options_.security_figures) {
    AddSecurity(options_.security_figures(), scrape);
  }
  AddProcess(ReadProcessFigures(), scrape);
  return scrape.Take();
}

}  // namespace clockwise
