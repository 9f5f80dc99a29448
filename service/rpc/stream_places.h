// StreamPlaces counts the open streams of one method, in all and by client
// network (NetworkOf), and rejects streams beyond its bounds.
// Thread-compatible.
#ifndef CLOCKWISE_SERVICE_RPC_STREAM_PLACES_H_
#define CLOCKWISE_SERVICE_RPC_STREAM_PLACES_H_

#include <cstddef>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "service/metrics/rpc_stats.h"

namespace clockwise {

class StreamPlaces {
 public:
  struct Bounds {
    const char* method;  // for errors
    const char* flag;    // of `most`; with "-per-peer": of `most_per_peer`
    size_t most;
    size_t most_per_peer;
    Limit limit;           // counts streams beyond `most`
    Limit limit_per_peer;  // counts streams beyond `most_per_peer`
  };

  // Counts in `stats`, which must outlive this object, what it rejects.
  StreamPlaces(const Bounds& bounds, RpcStats& stats)
      : bounds_(bounds), stats_(stats) {}

  // Takes a place for a stream from `network`. LIMIT_REACHED: there is none.
  absl::Status Take(const std::string& network);
  // Returns a place that was taken.
  void Return(const std::string& network);

 private:
  const Bounds bounds_;
  RpcStats& stats_;
  size_t open_ = 0;
  absl::flat_hash_map<std::string, size_t> by_network_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_STREAM_PLACES_H_
