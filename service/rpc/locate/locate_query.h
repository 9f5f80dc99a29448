// LocateQuery is a parsed request of Locate, BatchLocate or LocateStream,
// without copies of its keys.
#ifndef CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_QUERY_H_
#define CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_QUERY_H_

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/slice.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise {

// Its views point into the request's bytes, or into `message`.
struct LocateQuery {
  absl::string_view ring;
  absl::InlinedVector<absl::string_view, 4> keys;  // Locate: one
  uint32_t replicas = 0;
  uint64_t min_epoch = 0;
  uint64_t min_incarnation = 0;
  // Returns true if the call has ended. It is called for each
  // key if there are several owners. Null: the look-up is never stopped.
  std::function<bool()> stopped;
  // The request, if protobuf's parser has read it; otherwise null.
  std::unique_ptr<google::protobuf::MessageLite> message;
};

// Parses a v1::LocateRequest or v1::BatchLocateRequest. The bytes must not move
// while the query is used. MALFORMED_REQUEST: the bytes are no such message.
// FIELD_INVALID: a field is outside its limits.
template <typename Request>
absl::Status ReadQuery(const grpc::Slice& bytes, LocateQuery& query);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_QUERY_H_
