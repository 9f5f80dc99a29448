// A request of Locate, BatchLocate or LocateStream as it is read from the wire,
// without copies of its keys.
#ifndef CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_QUERY_H_
#define CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_QUERY_H_

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/slice.h>

#include <cstdint>
#include <memory>
#include <string>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise {

// Views into the bytes that it was read from, or into `message`.
struct LocateQuery {
  absl::string_view ring;
  absl::InlinedVector<absl::string_view, 4> keys;  // Locate: one
  uint32_t replicas = 0;
  uint64_t min_epoch = 0;
  // What the bytes say, where the plain reader leaves them to protobuf's.
  std::unique_ptr<google::protobuf::MessageLite> message;
};

// Reads a v1::LocateRequest or v1::BatchLocateRequest, whose bytes must stay
// where they are for as long as the query is used. MALFORMED_REQUEST; beyond
// its bounds: FIELD_INVALID.
template <typename Request>
absl::Status ReadQuery(const grpc::Slice& bytes, LocateQuery& query);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_LOCATE_LOCATE_QUERY_H_
