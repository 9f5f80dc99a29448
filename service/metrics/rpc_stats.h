// Counters that rpc/ and http/ increment, and that metrics/ reads at scrape
// time. Thread-safe, without locks.
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
  // Messages of streams. A unary call receives one, and sends one if it is OK.
  void CountReceived() { counts.Add(kStatusCodes + 1, 1); }
  void CountSent() { counts.Add(kStatusCodes + 2, 1); }
  uint64_t received() const { return counts.Sum(kStatusCodes + 1); }
  uint64_t sent() const { return counts.Sum(kStatusCodes + 2); }

  // The handled calls by code, then the started calls, then the messages.
  ThreadCounts counts{kStatusCodes + 3};
  LatencyHistogram handling;  // unary methods only
};

// Limits on the resources that callers use, in the order of kLimitNames.
enum class Limit {
  kQueuedCalls,
  kWaitingCalls,
  kPendingBytes,
  kWatchStreams,
  kWatchStreamsPerPeer,
  kLocateStreams,
  kLocateStreamsPerPeer,
  kHttpConnections,
  kHttpPages,
  kHttpEventStreams,
  kHttpRequestSeconds,
};
inline constexpr std::array<const char*, 11> kLimitNames = {
    "queued_calls",
    "waiting_calls",
    "pending_bytes",
    "watch_streams",
    "watch_streams_per_peer",
    "locate_streams",
    "locate_streams_per_peer",
    "http_connections",
    "http_pages",
    "http_event_streams",
    "http_request_seconds"};

struct RpcStats {
  MethodStats& Of(Method method) {
    return methods[static_cast<size_t>(method)];
  }
  // Counts a call that was rejected or delayed because of `limit`.
  void Reached(Limit limit) {
    reached[static_cast<size_t>(limit)].fetch_add(1, std::memory_order_relaxed);
  }

  std::array<std::atomic<uint64_t>, kLimitNames.size()> reached = {};

  std::atomic<uint64_t> pending_bytes = 0;  // ByteBudget

  std::array<MethodStats, kMethods.size()> methods;
};

// The state of the Watch streams at one moment.
struct WatchFigures {
  std::map<std::string, uint64_t> streams;  // open, by ring
  // Epochs that were not yet sent to the stream that is farthest behind.
  uint64_t lag_epochs = 0;
  // Snapshots that were sent instead of a delta, by ring and reason.
  std::map<std::pair<std::string, std::string>, uint64_t> resyncs;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_METRICS_RPC_STATS_H_
