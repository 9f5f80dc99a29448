// Fuzzes requests of Locate and BatchLocate: the result of parsing in place
// equals protobuf's.
#include <algorithm>

#include "service/rpc/locate/locate_query.h"
#include "tests/fuzz/fuzz.h"

namespace {

using clockwise::LocateQuery;
using clockwise::fuzz::Check;
namespace v1 = clockwise::v1;

template <typename Request>
void Compare(const grpc::Slice& bytes) {
  LocateQuery query;
  Request request;
  const bool parsed =
      request.ParseFromArray(bytes.begin(), static_cast<int>(bytes.size()));
  if (!clockwise::ReadQuery<Request>(bytes, query).ok()) return;
  Check(parsed, "protobuf reads what was read");
  Check(query.ring == request.ring(), "ring");
  Check(query.replicas == request.replica_count(), "replicas");
  Check(query.min_epoch == request.min_epoch(), "min_epoch");
  if constexpr (std::is_same_v<Request, v1::LocateRequest>) {
    Check(query.keys.size() == 1 && query.keys[0] == request.key(), "key");
  } else {
    Check(std::equal(query.keys.begin(), query.keys.end(),
                     request.keys().begin(), request.keys().end()),
          "keys");
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const grpc::Slice bytes(data, size);
  Compare<v1::LocateRequest>(bytes);
  Compare<v1::BatchLocateRequest>(bytes);
  return 0;
}
