#include "service/rpc/locate.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "service/limits.h"
#include "service/ring/refusal.h"
#include "service/rpc/answer_writer.h"

namespace clockwise {
namespace {

using One = v1::LocateResponse;
using Many = v1::BatchLocateResponse;

absl::Status CheckNotEmpty(const RingState& state) {
  if (!state.ring().nodes().empty()) return absl::OkStatus();
  return Refusal(v1::ERROR_REASON_RING_EMPTY,
                 absl::StrCat("ring ", Quoted(state.name()), " at epoch ",
                              state.epoch, " has no nodes"));
}

// Fields that come first and last in an answer, in a buffer of their own.
class Numbers {
 public:
  template <typename Write>
  explicit Numbers(Write write) {
    AnswerWriter writer(buffer_.data());
    write(writer);
    size_ = static_cast<size_t>(writer.at() - buffer_.data());
  }
  absl::string_view bytes() const {
    return {reinterpret_cast<const char*>(buffer_.data()), size_};
  }

 private:
  std::array<uint8_t, 4 * AnswerWriter::kMostNumber> buffer_;
  size_t size_;
};

// Both answers begin so.
void WriteHead(const RingState& state, AnswerWriter& writer) {
  static_assert(int{One::kEpochFieldNumber} == Many::kEpochFieldNumber);
  static_assert(int{One::kIncarnationFieldNumber} ==
                Many::kIncarnationFieldNumber);
  static_assert(int{One::kFingerprintFieldNumber} ==
                Many::kFingerprintFieldNumber);
  writer.Varint(One::kEpochFieldNumber, state.epoch);
  writer.Fixed64(One::kIncarnationFieldNumber, state.incarnation);
  writer.Fixed64(One::kFingerprintFieldNumber, state.ring().fingerprint());
}

// Names the ring that `state` migrates from, if it does; what is not known of
// it stays 0.
template <typename Response>
void FillPrevious(const RingState& state, const RingState* previous,
                  Response& response) {
  const std::string& from = state.ring().spec().migrating_from();
  if (from.empty()) return;
  v1::RingEpoch& named = *response.mutable_previous();
  named.set_ring(from);
  if (previous == nullptr) return;
  named.set_epoch(previous->epoch);
  named.set_incarnation(previous->incarnation);
  named.set_fingerprint(previous->ring().fingerprint());
}

void Fill(const v1::Node& node, v1::Owner& owner) {
  owner.set_node_id(node.id());
  owner.set_address(node.address());
  owner.set_zone(node.zone());
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

// Numbers the nodes that an answer names, in the order in which it meets them.
// One for each thread, so that no call clears a table of all nodes.
class NodeNumbers {
 public:
  // For an answer about a ring of so many nodes.
  static NodeNumbers& For(size_t nodes) {
    static thread_local NodeNumbers numbers;
    if (numbers.of_node_.size() < nodes) numbers.of_node_.resize(nodes);
    if (++numbers.answer_ == 0) {  // so many answers, and all begins anew
      numbers.of_node_.assign(numbers.of_node_.size(), {});
      numbers.answer_ = 1;
    }
    numbers.named_.clear();
    return numbers;
  }

  uint32_t Of(uint32_t node) {
    Entry& entry = of_node_[node];
    if (entry.answer != answer_) {
      entry = {answer_, static_cast<uint32_t>(named_.size())};
      named_.push_back(node);
    }
    return entry.number;
  }
  const std::vector<uint32_t>& named() const { return named_; }

 private:
  struct Entry {
    uint32_t answer = 0;  // that the number is of
    uint32_t number = 0;
  };
  std::vector<Entry> of_node_;
  std::vector<uint32_t> named_;
  uint32_t answer_ = 0;
};

// The owners of all keys as numbers of nodes, packed.
class PackedOwners {
 public:
  explicit PackedOwners(size_t owners)
      : bytes_(owners * kMostBytes, '\0'), writer_(begin()) {}

  void Add(uint32_t number) { writer_.Packed(number); }
  absl::string_view bytes() {
    return {bytes_.data(), static_cast<size_t>(writer_.at() - begin())};
  }

 private:
  // Numbers are below kMaxNodes.
  static constexpr size_t kMostBytes = 3;
  static_assert(limits::kMaxNodes <= 1 << 21);
  uint8_t* begin() { return reinterpret_cast<uint8_t*>(bytes_.data()); }

  std::string bytes_;
  AnswerWriter writer_;
};

// The keys' primaries, a few dozen at a time, so that they wait for memory
// together.
void AddPrimaries(const RingState& state, const LocateQuery& query,
                  NodeNumbers& numbers, PackedOwners& packed) {
  constexpr size_t kAtOnce = 32;
  std::array<KeyHash, kAtOnce> hashes;
  std::array<uint32_t, kAtOnce> primaries;
  for (size_t first = 0; first < query.keys.size(); first += kAtOnce) {
    const size_t count = std::min(kAtOnce, query.keys.size() - first);
    for (size_t i = 0; i < count; ++i) {
      hashes[i] = state.ring().Hash(query.keys[first + i]);
    }
    const auto some = std::span(primaries).first(count);
    state.ring().PrimariesOf(std::span(hashes).first(count), some);
    for (const uint32_t node : some) {
      state.locates.Add(node);
      packed.Add(numbers.Of(node));
    }
  }
}

std::string PreviousOfBatch(const RingState& state, const LocateQuery& query,
                            const RingState* previous) {
  v1::BatchLocateResponse response;
  FillPrevious(state, previous, response);
  if (previous == nullptr) return response.SerializeAsString();
  const Ring& ring = previous->ring();
  OwnersOfKey owners(ring, query.replicas);
  response.set_previous_replicas(owners.count());
  absl::flat_hash_map<uint32_t, int> listed;  // by node: index in the answer
  for (const absl::string_view key : query.keys) {
    for (const uint32_t owner : owners.Of(key)) {
      const auto [at, inserted] =
          listed.try_emplace(owner, response.previous_nodes_size());
      if (inserted) Fill(*ring.nodes()[owner], *response.add_previous_nodes());
      response.add_previous_owners(static_cast<uint32_t>(at->second));
    }
  }
  return response.SerializeAsString();
}

std::string PreviousOfOne(const RingState& state, const LocateQuery& query,
                          const RingState* previous) {
  v1::LocateResponse response;
  FillPrevious(state, previous, response);
  if (previous != nullptr) {
    OwnersOfKey before(previous->ring(), query.replicas);
    for (const uint32_t owner : before.Of(query.keys[0])) {
      Fill(*previous->ring().nodes()[owner], *response.add_previous_owners());
    }
  }
  return response.SerializeAsString();
}

// The nodes' bytes in an answer, each behind a tag.
size_t SizeOf(const OwnerBytes& bytes, std::span<const uint32_t> nodes) {
  size_t size = nodes.size();
  for (const uint32_t node : nodes) size += bytes[node].size();
  return size;
}

bool Migrates(const RingState& state) {
  return !state.ring().spec().migrating_from().empty();
}

}  // namespace

absl::StatusOr<grpc::Slice> AnswerLocate(const RingState& state,
                                         const LocateQuery& query,
                                         const RingState* previous) {
  if (absl::Status status = CheckNotEmpty(state); !status.ok()) return status;
  const Ring& ring = state.ring();
  OwnersOfKey owners_of(ring, query.replicas);
  const KeyHash hash = ring.Hash(query.keys[0]);
  const std::span<const uint32_t> owners = owners_of.At(hash);
  state.locates.Add(owners[0]);
  const Numbers head([&](AnswerWriter& writer) {
    WriteHead(state, writer);
    writer.Fixed64(One::kHashFieldNumber, hash.position);
  });
  // What follows on the owners is written by protobuf: fields one after another
  // are one message.
  std::string rest;
  if (Migrates(state)) rest = PreviousOfOne(state, query, previous);
  grpc::Slice answer(head.bytes().size() + SizeOf(state.owner_bytes, owners) +
                     rest.size());
  AnswerWriter writer(const_cast<uint8_t*>(answer.begin()));
  writer.Raw(head.bytes());
  for (const uint32_t owner : owners) {
    writer.Delimited(One::kOwnersFieldNumber, state.owner_bytes[owner]);
  }
  writer.Raw(rest);
  return answer;
}

absl::StatusOr<grpc::Slice> AnswerBatchLocate(const RingState& state,
                                              const LocateQuery& query,
                                              const RingState* previous) {
  if (absl::Status status = CheckNotEmpty(state); !status.ok()) return status;
  OwnersOfKey owners_of(state.ring(), query.replicas);
  NodeNumbers& numbers = NodeNumbers::For(state.ring().nodes().size());
  PackedOwners packed(query.keys.size() * owners_of.count());
  if (owners_of.count() == 1) {
    AddPrimaries(state, query, numbers, packed);
  } else {
    for (const absl::string_view key : query.keys) {
      const std::span<const uint32_t> owners = owners_of.Of(key);
      state.locates.Add(owners[0]);
      for (const uint32_t owner : owners) packed.Add(numbers.Of(owner));
    }
  }
  const Numbers head([&](AnswerWriter& writer) { WriteHead(state, writer); });
  const Numbers length([&](AnswerWriter& writer) {
    writer.Packed(static_cast<uint32_t>(packed.bytes().size()));
  });
  const Numbers width([&](AnswerWriter& writer) {
    writer.Varint(Many::kReplicasFieldNumber, owners_of.count());
  });
  std::string rest;
  if (Migrates(state)) rest = PreviousOfBatch(state, query, previous);
  const size_t owners_size =
      packed.bytes().empty()
          ? 0
          : 1 + length.bytes().size() + packed.bytes().size();
  grpc::Slice answer(head.bytes().size() +
                     SizeOf(state.owner_bytes, numbers.named()) + owners_size +
                     width.bytes().size() + rest.size());
  AnswerWriter writer(const_cast<uint8_t*>(answer.begin()));
  writer.Raw(head.bytes());
  for (const uint32_t node : numbers.named()) {
    writer.Delimited(Many::kNodesFieldNumber, state.owner_bytes[node]);
  }
  if (owners_size > 0) {
    writer.Delimited(Many::kOwnersFieldNumber, length.bytes());
    writer.Raw(packed.bytes());
  }
  writer.Raw(width.bytes());
  writer.Raw(rest);
  return answer;
}

}  // namespace clockwise
