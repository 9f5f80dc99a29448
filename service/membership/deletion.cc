#include "service/membership/deletion.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/api/refusal.h"
#include "service/api/validate.h"
#include "service/membership/change_plan.h"
#include "service/ring/hash.h"
#include "service/ring/partition_moves.h"

namespace clockwise {
namespace {

std::string CountOf(uint64_t count, absl::string_view one) {
  return absl::StrCat(count, " ", one, count == 1 ? "" : "s");
}

}  // namespace

absl::Status ValidateRingRequest(const RingRequest& request) {
  absl::Status status = ValidateId("ring", request.ring);
  if (status.ok()) status = ValidateRequestId(request.request_id);
  return status.ok() ? ValidateReason(request.reason) : status;
}

uint64_t DigestOfDeletion(const DeletionRequest& request) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.WriteLittleEndian64(request.expected_epoch);
    coded.WriteLittleEndian64(request.expected_incarnation);
    coded.WriteVarint32(request.force ? 1 : 0);
    coded.WriteString(request.reason);
  }
  return Xxh3(bytes);
}

absl::Status CheckDeletion(const RingState& state,
                           const DeletionRequest& request) {
  absl::Status status = CheckExpected(state, request.expected_incarnation,
                                      request.expected_epoch);
  if (!status.ok() || request.force) return status;
  const size_t nodes = state.ring().nodes().size();
  const uint64_t streams =
      request.watch_streams ? request.watch_streams(state.name()) : 0;
  std::vector<std::string> has;
  if (nodes > 0) has.push_back(CountOf(nodes, "node"));
  if (streams > 0) {
    has.push_back(
        absl::StrCat(CountOf(streams, "open Watch stream"), " on this server"));
  }
  if (has.empty()) return absl::OkStatus();
  return Refusal(
      v1::ERROR_REASON_FORCE_REQUIRED,
      absl::StrCat("force: ring ", Quoted(state.name()), " has ",
                   absl::StrJoin(has, " and "),
                   "; nothing was changed; set force to delete it anyway"),
      "force");
}

uint64_t DataBytes(const RingState& state) {
  uint64_t bytes = state.history_bytes;
  for (const NodePtr& node : state.ring().nodes()) {
    bytes += node->ByteSizeLong();
  }
  if (PartitionsOf(state.ring().spec()) > 0) {
    bytes += state.ring().slot_nodes().size() * sizeof(uint32_t);
  }
  return bytes;
}

v1::RingInfo InfoOf(const DeletedRing& ring) {
  v1::RingInfo info;
  *info.mutable_spec() = ring.head.spec;
  info.set_epoch(ring.head.epoch);
  info.set_incarnation(ring.head.incarnation);
  info.set_fingerprint(ring.head.fingerprint);
  info.set_node_count(ring.record.node_count());
  *info.mutable_deletion() = ring.record.deletion();
  return info;
}

}  // namespace clockwise
