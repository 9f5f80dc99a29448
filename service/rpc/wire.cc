#include "service/rpc/wire.h"

#include <google/protobuf/io/coded_stream.h>
#include <grpcpp/support/slice.h>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"

namespace clockwise {

absl::Status ParseRequest(const grpc::ByteBuffer& bytes,
                          google::protobuf::MessageLite& message) {
  // No message arrived. This differs from an empty request, which is valid.
  if (!bytes.Valid()) {
    return absl::CancelledError("the call ended before its request arrived");
  }
  return ParseRequest(ToSlice(bytes), message);
}

absl::Status ParseRequest(const grpc::Slice& bytes,
                          google::protobuf::MessageLite& message) {
  if (message.ParseFromArray(bytes.begin(), static_cast<int>(bytes.size()))) {
    return absl::OkStatus();
  }
  return Refusal(
      v1::ERROR_REASON_MALFORMED_REQUEST,
      absl::StrCat("the request is not a valid ", message.GetTypeName(),
                   ", or a string in it is not UTF-8; check the "
                   "client's .proto files"));
}

size_t CountField(const grpc::ByteBuffer& bytes, int number) {
  const grpc::Slice slice = ToSlice(bytes);
  google::protobuf::io::CodedInputStream in(slice.begin(),
                                            static_cast<int>(slice.size()));
  size_t count = 0;
  // The lowest three bits of a tag are the wire type.
  while (const uint32_t tag = in.ReadTag()) {
    if (static_cast<int>(tag >> 3) == number) ++count;
    uint64_t value = 0;
    uint32_t size = 0;
    bool read = true;
    switch (tag & 7) {
      case 0:
        read = in.ReadVarint64(&value);
        break;
      case 1:
        read = in.Skip(8);
        break;
      case 2:
        read = in.ReadVarint32(&size) && in.Skip(static_cast<int>(size));
        break;
      case 5:
        read = in.Skip(4);
        break;
      default:  // the start or the end of a group, which has no value
        break;
    }
    if (!read) break;
  }
  return count;
}

grpc::Slice ToSlice(const grpc::ByteBuffer& bytes) {
  grpc::Slice slice;
  // Both leave the slice empty if no message arrived. A client causes this when
  // it resets the stream after its headers.
  if (!bytes.TrySingleSlice(&slice).ok()) {
    static_cast<void>(bytes.DumpToSingleSlice(&slice));
  }
  return slice;
}

grpc::Slice SerializeToSlice(const google::protobuf::MessageLite& message) {
  const size_t size = message.ByteSizeLong();
  grpc::Slice slice(size);
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return slice;
}

grpc::ByteBuffer Serialize(const google::protobuf::MessageLite& message) {
  const grpc::Slice slice = SerializeToSlice(message);
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace clockwise
