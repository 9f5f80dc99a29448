// Converts messages from and to gRPC's byte buffers. Stateless. The service
// parses requests itself, because gRPC 1.51 answers a malformed request with
// UNIMPLEMENTED and no text.
#ifndef CLOCKWISE_SERVICE_RPC_WIRE_H_
#define CLOCKWISE_SERVICE_RPC_WIRE_H_

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/byte_buffer.h>

#include "absl/status/status.h"

namespace clockwise {

// Parse `bytes`. MALFORMED_REQUEST: they are not such a message, or a string in
// it is not UTF-8. CANCELLED: no message arrived.
absl::Status ParseRequest(const grpc::ByteBuffer& bytes,
                          google::protobuf::MessageLite& message);

absl::Status ParseRequest(const grpc::Slice& bytes,
                          google::protobuf::MessageLite& message);

// Returns how often the field `number` occurs in a message, as far as it can be
// parsed.
size_t CountField(const grpc::ByteBuffer& bytes, int number);

// Returns the bytes as one slice. Shares them if they are in one slice, which
// is usual; a frame that arrived in two reads has several. Returns an empty
// slice if no message arrived, because the call was cancelled.
grpc::Slice ToSlice(const grpc::ByteBuffer& bytes);

grpc::ByteBuffer Serialize(const google::protobuf::MessageLite& message);
// Serialises to a slice, which many buffers can share.
grpc::Slice SerializeToSlice(const google::protobuf::MessageLite& message);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_WIRE_H_
