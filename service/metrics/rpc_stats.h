// What rpc/ counts of its calls, and metrics/ reads at scrape time.
// Thread-safe, without locks.
#ifndef CLOCKWISE_SERVICE_METRICS_RPC_STATS_H_
#define CLOCKWISE_SERVICE_METRICS_RPC_STATS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "service/api/methods.h"
#include "service/runtime/latency_histogram.h"
#include "service/runtime/thread_counts.h"

namespace clockwise {

inline constexpr size_t kStatusCodes = 17;  // OK = 0 … UNAUTHENTICATED = 16

struct MethodStats {
  void CountStarted(uint64_t calls = 1) { counts.Add(kStatusCodes, calls); }
  void CountHandled(size_t code, uint64_t calls = 1) {
    counts.Add(code, calls);
  }
  uint64_t started() const { return counts.Sum(kStatusCodes); }
  uint64_t handled(size_t code) const { return counts.Sum(code); }
  // Messages of streams. A unary call has one of each, the second if it is OK.
  void CountReceived() { counts.Add(kStatusCodes + 1, 1); }
  void CountSent() { counts.Add(kStatusCodes + 2, 1); }
  uint64_t received() const { return counts.Sum(kStatusCodes + 1); }
  uint64_t sent() const { return counts.Sum(kStatusCodes + 2); }

  // By code those handled, then those started and the messages.
  ThreadCounts counts{kStatusCodes + 3};
  LatencyHistogram handling;  // unary methods only: streams last as they like
};

// Bounds on what callers may take of the server, in the order of kLimitNames.
enum class Limit {
  kQueuedCalls,
  kWaitingCalls,
  kWatchStreams,
  kWatchStreamsPerPeer,
  kLocateStreams,
  kHttpConnections,
  kHttpEventStreams,
  kHttpRequestSeconds,
};
inline constexpr std::array<const char*, 8> kLimitNames = {
    "queued_calls",           "waiting_calls",       "watch_streams",
    "watch_streams_per_peer", "locate_streams",      "http_connections",
    "http_event_streams",     "http_request_seconds"};

struct RpcStats {
  MethodStats& Of(Method method) {
    return methods[static_cast<size_t>(method)];
  }
  // A call was refused because of it.
  void Reached(Limit limit) {
    reached[static_cast<size_t>(limit)].fetch_add(1, std::memory_order_relaxed);
  }

  std::array<std::atomic<uint64_t>, kLimitNames.size()> reached = {};

  std::array<MethodStats, kMethods.size()> methods;
};

// What the watch streams are like at one moment.
struct WatchFigures {
  std::map<std::string, uint64_t> streams;  // open, by ring
  // Epochs that the stream farthest behind has not been sent yet.
  uint64_t lag_epochs = 0;
  // Snapshots sent in place of a delta, by ring and reason.
  std::map<std::pair<std::string, std::string>, uint64_t> resyncs;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_METRICS_RPC_STATS_H_
