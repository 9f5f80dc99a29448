// Messages to and from gRPC's byte buffers. Stateless. The service takes raw
// bytes because gRPC 1.51's own handlers answer a malformed request with
// UNIMPLEMENTED and no text.
#ifndef CLOCKWISE_SERVICE_RPC_WIRE_H_
#define CLOCKWISE_SERVICE_RPC_WIRE_H_

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/byte_buffer.h>

#include "absl/status/status.h"

namespace clockwise {

// Parses `bytes`. MALFORMED_REQUEST: they are no such message, or a string in
// it is not UTF-8.
absl::Status ParseRequest(const grpc::ByteBuffer& bytes,
                          google::protobuf::MessageLite& message);

absl::Status ParseRequest(const grpc::Slice& bytes,
                          google::protobuf::MessageLite& message);

// The bytes in one piece, shared if they are in one already. Nearly all are; a
// frame that straddled two reads comes in more. Nothing of a message that never
// came, as its call was cancelled.
grpc::Slice ToSlice(const grpc::ByteBuffer& bytes);

grpc::ByteBuffer Serialize(const google::protobuf::MessageLite& message);
// The same as a slice, which many buffers can share.
grpc::Slice SerializeToSlice(const google::protobuf::MessageLite& message);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_WIRE_H_
