// ServingLimits are the limits of one server. A value.
#ifndef CLOCKWISE_SERVICE_RPC_SERVING_LIMITS_H_
#define CLOCKWISE_SERVICE_RPC_SERVING_LIMITS_H_

#include <cstddef>

#include "service/limits.h"

namespace clockwise {

struct ServingLimits {
  // gRPC enforces these, with RESOURCE_EXHAUSTED.
  int request_bytes = limits::kMaxRequestBytes;
  int metadata_bytes = limits::kMaxMetadataBytes;
  // Memory of all connections and of requests that arrive.
  size_t connection_bytes = limits::kMaxConnectionBytes;
  // Further calls wait in the client.
  int calls_per_connection = limits::kMaxCallsPerConnection;
  // Lifetime of a connection of gRPC, and of an HTTP event stream; 0: no limit.
  double connection_seconds = limits::kConnectionSeconds;
  // The handlers enforce these, with UNAVAILABLE and RetryInfo (calls) or
  // RESOURCE_EXHAUSTED (streams), and count rejected calls.
  size_t queued_calls = limits::kMaxQueuedCalls;
  size_t waiting_calls = limits::kMaxEpochWaiters;
  size_t pending_bytes = limits::kMaxPendingBytes;
  size_t watch_streams = limits::kMaxWatchStreams;
  size_t watch_streams_per_peer = limits::kMaxWatchStreamsPerPeer;
  size_t locate_streams = limits::kMaxLocateStreams;
  size_t locate_streams_per_peer = limits::kMaxLocateStreamsPerPeer;
  // For the HTTP port.
  size_t http_connections = limits::kHttpConnections;
  size_t http_event_streams = limits::kHttpEventStreams;
  double http_request_seconds = limits::kHttpRequestSeconds;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_SERVING_LIMITS_H_
