#include "service/rpc/locate.h"

#include <algorithm>
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

// Names the ring that `state` migrates from, if it does; what is not known of
// it stays 0.
template <typename Response>
void FillPrevious(const RingState& state, const RingState* previous,
                  Response& response) {
  const std::string& from = state.ring().spec().migrating_from();
  if (from.empty()) return;
  response.mutable_previous()->set_ring(from);
  if (previous != nullptr) FillHead(*previous, *response.mutable_previous());
}

// A key's owners in one ring, in a buffer of its own.
class OwnersOfKey {
 public:
  OwnersOfKey(const Ring& ring, uint32_t replicas)
      : ring_(ring), owners_(buffer_.data(), ring.OwnersPerKey(replicas)) {}

  std::span<const uint32_t> At(KeyHash hash) {
    if (!owners_.empty()) ring_.OwnersOf(hash, owners_);
    return owners_;
  }
  std::span<const uint32_t> Of(absl::string_view key) {
    return At(ring_.Hash(key));
  }
  uint32_t count() const { return static_cast<uint32_t>(owners_.size()); }

 private:
  const Ring& ring_;
  std::array<uint32_t, limits::kMaxReplicas> buffer_;
  std::span<uint32_t> owners_;
};

// Lists nodes, each once, as indexes into them refer to them.
class NodeIndexes {
 public:
  NodeIndexes(const Ring& ring,
              google::protobuf::RepeatedPtrField<v1::Owner>& nodes,
              google::protobuf::RepeatedField<uint32_t>& indexes)
      : ring_(ring), nodes_(nodes), indexes_(indexes) {}

  void Add(std::span<const uint32_t> owners) {
    for (const uint32_t owner : owners) {
      const auto [at, inserted] =
          listed_.try_emplace(owner, static_cast<uint32_t>(nodes_.size()));
      if (inserted) Fill(*ring_.nodes()[owner], *nodes_.Add());
      indexes_.Add(at->second);
    }
  }

 private:
  const Ring& ring_;
  google::protobuf::RepeatedPtrField<v1::Owner>& nodes_;
  google::protobuf::RepeatedField<uint32_t>& indexes_;
  absl::flat_hash_map<uint32_t, uint32_t> listed_;  // by node: index in answer
};

void FillPreviousOwners(const RingState& previous,
                        const v1::BatchLocateRequest& request,
                        v1::BatchLocateResponse& response) {
  OwnersOfKey owners(previous.ring(), request.replicas());
  response.set_previous_replicas(owners.count());
  NodeIndexes indexes(previous.ring(), *response.mutable_previous_nodes(),
                      *response.mutable_previous_owners());
  for (const std::string& key : request.keys()) indexes.Add(owners.Of(key));
}

// The keys' primaries, a few dozen at a time, so that they wait for memory
// together.
void AddPrimaries(const RingState& state, const v1::BatchLocateRequest& request,
                  NodeIndexes& indexes) {
  constexpr int kAtOnce = 32;
  std::array<KeyHash, kAtOnce> hashes;
  std::array<uint32_t, kAtOnce> primaries;
  for (int first = 0; first < request.keys_size(); first += kAtOnce) {
    const int count = std::min(kAtOnce, request.keys_size() - first);
    for (int i = 0; i < count; ++i) {
      hashes[i] = state.ring().Hash(request.keys(first + i));
    }
    const auto some = std::span(primaries).first(count);
    state.ring().PrimariesOf(std::span(hashes).first(count), some);
    for (const uint32_t node : some) {
      state.locates[node]->fetch_add(1, std::memory_order_relaxed);
    }
    indexes.Add(some);
  }
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
                                          const v1::LocateRequest& request,
                                          const RingState* previous) {
  if (absl::Status status = CheckNotEmpty(state); !status.ok()) return status;
  const Ring& ring = state.ring();
  OwnersOfKey owners_of(ring, request.replicas());
  const KeyHash hash = ring.Hash(request.key());
  const std::span<const uint32_t> owners = owners_of.At(hash);
  state.locates[owners[0]]->fetch_add(1, std::memory_order_relaxed);
  v1::LocateResponse response;
  FillHead(state, response);
  response.set_hash(hash.position);
  for (const uint32_t owner : owners) {
    Fill(*ring.nodes()[owner], *response.add_owners());
  }
  FillPrevious(state, previous, response);
  if (previous != nullptr) {
    OwnersOfKey before(previous->ring(), request.replicas());
    for (const uint32_t owner : before.Of(request.key())) {
      Fill(*previous->ring().nodes()[owner], *response.add_previous_owners());
    }
  }
  return response;
}

absl::StatusOr<v1::BatchLocateResponse> Answer(
    const RingState& state, const v1::BatchLocateRequest& request,
    const RingState* previous) {
  if (absl::Status status = CheckNotEmpty(state); !status.ok()) return status;
  OwnersOfKey owners_of(state.ring(), request.replicas());
  v1::BatchLocateResponse response;
  FillHead(state, response);
  response.set_replicas(owners_of.count());
  response.mutable_owners()->Reserve(request.keys_size() *
                                     static_cast<int>(owners_of.count()));
  NodeIndexes indexes(state.ring(), *response.mutable_nodes(),
                      *response.mutable_owners());
  if (owners_of.count() == 1) {
    AddPrimaries(state, request, indexes);
  } else {
    for (const std::string& key : request.keys()) {
      const std::span<const uint32_t> owners = owners_of.Of(key);
      state.locates[owners[0]]->fetch_add(1, std::memory_order_relaxed);
      indexes.Add(owners);
    }
  }
  FillPrevious(state, previous, response);
  if (previous != nullptr) FillPreviousOwners(*previous, request, response);
  return response;
}

}  // namespace clockwise
