#include "service/rpc/locate.h"

#include <array>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "service/limits.h"
#include "service/ring/refusal.h"
#include "service/ring/validate.h"

namespace clockwise {
namespace {

absl::Status CheckNotEmpty(const RingState& state) {
  if (!state.ring().nodes().empty()) return absl::OkStatus();
  return Refusal(v1::ERROR_REASON_RING_EMPTY,
                 absl::StrCat("ring ", Quoted(state.name()), " at epoch ",
                              state.epoch, " has no nodes"));
}

void Fill(const v1::Node& node, v1::Owner& owner) {
  owner.set_node_id(node.id());
  owner.set_address(node.address());
  owner.set_zone(node.zone());
}

template <typename Response>
void FillHead(const RingState& state, Response& response) {
  response.set_epoch(state.epoch);
  response.set_incarnation(state.incarnation);
  response.set_fingerprint(state.ring().fingerprint());
}

}  // namespace

absl::Status Validate(const v1::LocateRequest& request) {
  if (absl::Status status = ValidateKey("key", request.key()); !status.ok()) {
    return status;
  }
  return ValidateReplicas(request.replicas());
}

absl::Status Validate(const v1::BatchLocateRequest& request) {
  const auto count = static_cast<size_t>(request.keys_size());
  if (count > limits::kMaxBatchKeys) {
    return FieldRefusal(
        "keys", absl::StrCat(count, " keys; at most ", limits::kMaxBatchKeys));
  }
  for (size_t i = 0; i < count; ++i) {
    const std::string& key = request.keys(static_cast<int>(i));
    if (key.size() <= limits::kMaxKeyBytes) continue;
    return ValidateKey(absl::StrCat("keys[", i, "]"), key);
  }
  return ValidateReplicas(request.replicas());
}

absl::StatusOr<v1::LocateResponse> Answer(const RingState& state,
                                          const v1::LocateRequest& request) {
  if (absl::Status status = CheckNotEmpty(state); !status.ok()) return status;
  const Ring& ring = state.ring();
  std::array<uint32_t, limits::kMaxReplicas> buffer;
  const std::span<uint32_t> owners(buffer.data(),
                                   ring.OwnersPerKey(request.replicas()));
  const KeyHash hash = ring.Hash(request.key());
  ring.OwnersFrom(ring.SlotOf(hash), owners);
  state.locates[owners[0]]->fetch_add(1, std::memory_order_relaxed);
  v1::LocateResponse response;
  FillHead(state, response);
  response.set_hash(hash.position);
  for (const uint32_t owner : owners) {
    Fill(*ring.nodes()[owner], *response.add_owners());
  }
  return response;
}

absl::StatusOr<v1::BatchLocateResponse> Answer(
    const RingState& state, const v1::BatchLocateRequest& request) {
  if (absl::Status status = CheckNotEmpty(state); !status.ok()) return status;
  const Ring& ring = state.ring();
  std::array<uint32_t, limits::kMaxReplicas> buffer;
  const std::span<uint32_t> owners(buffer.data(),
                                   ring.OwnersPerKey(request.replicas()));
  v1::BatchLocateResponse response;
  FillHead(state, response);
  response.set_replicas(static_cast<uint32_t>(owners.size()));
  response.mutable_owners()->Reserve(request.keys_size() *
                                     static_cast<int>(owners.size()));
  absl::flat_hash_map<uint32_t, uint32_t> listed;  // by node: index in answer
  for (const std::string& key : request.keys()) {
    ring.OwnersFrom(ring.SlotOf(ring.Hash(key)), owners);
    state.locates[owners[0]]->fetch_add(1, std::memory_order_relaxed);
    for (const uint32_t owner : owners) {
      const auto [at, inserted] = listed.try_emplace(
          owner, static_cast<uint32_t>(response.nodes_size()));
      if (inserted) Fill(*ring.nodes()[owner], *response.add_nodes());
      response.add_owners(at->second);
    }
  }
  return response;
}

}  // namespace clockwise
