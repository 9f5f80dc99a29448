#include "service/rpc/wire.h"

#include <grpcpp/support/slice.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "service/ring/refusal.h"

namespace clockwise {

absl::Status ParseRequest(const grpc::ByteBuffer& bytes,
                          google::protobuf::MessageLite& message) {
  // Nearly always one slice; a frame that straddled two reads comes in more.
  grpc::Slice slice;
  bool parsed = false;
  if (bytes.TrySingleSlice(&slice).ok() ||
      bytes.DumpToSingleSlice(&slice).ok()) {
    parsed =
        message.ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
  }
  if (parsed) return absl::OkStatus();
  return Refusal(v1::ERROR_REASON_MALFORMED_REQUEST,
                 absl::StrCat("the request is no ", message.GetTypeName(),
                              ", or a string in it is not UTF-8"));
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
