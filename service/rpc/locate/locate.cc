#include "service/rpc/locate/locate.h"

#include <span>
#include <string>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/rpc/locate/answer_writer.h"
#include "service/rpc/locate/many_owners.h"

namespace clockwise {
namespace {

using One = v1::LocateResponse;
using Many = v1::BatchLocateResponse;

absl::Status CheckNotEmpty(const RingState& state) {
  if (!state.ring().nodes().empty()) return absl::OkStatus();
  return Refusal(
      v1::ERROR_REASON_RING_EMPTY,
      absl::StrCat("ring ", Quoted(state.name()), " has no nodes (epoch ",
                   state.epoch, "); add a node first"));
}

// Writes the fields with which both answers begin.
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

// Returns the serialised field `previous`: the ring that `state` migrates from.
// If `previous` is null, its numbers are 0.
template <typename Response>
std::string NamePrevious(const RingState& state, const RingState* previous) {
  Response response;
  v1::RingEpoch& named = *response.mutable_previous();
  named.set_ring(state.ring().spec().migrating_from());
  if (previous != nullptr) {
    named.set_epoch(previous->epoch);
    named.set_incarnation(previous->incarnation);
    named.set_fingerprint(previous->ring().fingerprint());
  }
  return response.SerializeAsString();
}

constexpr ManyOwners::Fields kOwners = {Many::kNodesFieldNumber,
                                        Many::kOwnersFieldNumber,
                                        Many::kReplicaCountFieldNumber};
constexpr ManyOwners::Fields kPreviousOwners = {
    Many::kPreviousNodesFieldNumber, Many::kPreviousOwnersFieldNumber,
    Many::kPreviousReplicaCountFieldNumber};

// Return the fields that follow the owners in the answer of a migrating ring.
std::string PreviousOfOne(const RingState& state, const LocateQuery& query,
                          const RingState* previous) {
  std::string bytes;
  if (previous != nullptr) {
    OwnersOfKey of_key(previous->ring(), query.replicas);
    const std::span<const uint32_t> owners = of_key.Of(query.keys[0]);
    bytes.resize(SizeOf(previous->owner_bytes, owners));
    AnswerWriter writer(reinterpret_cast<uint8_t*>(bytes.data()));
    WriteOwners(One::kPreviousOwnersFieldNumber, previous->owner_bytes, owners,
                writer);
  }
  return bytes + NamePrevious<One>(state, previous);
}

std::string PreviousOfMany(const RingState& state, const LocateQuery& query,
                           const RingState* previous) {
  std::string bytes;
  if (previous != nullptr) {
    ManyOwners owners(*previous, query, kPreviousOwners, Count::kNo);
    bytes.resize(owners.size());
    AnswerWriter writer(reinterpret_cast<uint8_t*>(bytes.data()));
    owners.Write(writer);
  }
  return bytes + NamePrevious<Many>(state, previous);
}

bool Migrates(const RingState& state) {
  return !state.ring().spec().migrating_from().empty();
}

}  // namespace

absl::StatusOr<grpc::Slice> LocateReply(const RingState& state,
                                        const LocateQuery& query,
                                        const RingState* previous) {
  if (absl::Status status = CheckNotEmpty(state); !status.ok()) return status;
  const Ring& ring = state.ring();
  OwnersOfKey owners_of(ring, query.replicas);
  const KeyHash hash = ring.Hash(query.keys[0]);
  const std::span<const uint32_t> owners = owners_of.At(hash);
  state.locates.Add(owners[0]);
  NoteWalks(state, owners_of);
  const Numbers head([&](AnswerWriter& writer) {
    WriteHead(state, writer);
    writer.Fixed64(One::kHashFieldNumber, hash.position);
  });
  std::string rest;
  if (Migrates(state)) rest = PreviousOfOne(state, query, previous);
  grpc::Slice answer(head.bytes().size() + SizeOf(state.owner_bytes, owners) +
                     rest.size());
  AnswerWriter writer(const_cast<uint8_t*>(answer.begin()));
  writer.Raw(head.bytes());
  WriteOwners(One::kOwnersFieldNumber, state.owner_bytes, owners, writer);
  writer.Raw(rest);
  return answer;
}

absl::StatusOr<grpc::Slice> BatchLocateReply(const RingState& state,
                                             const LocateQuery& query,
                                             const RingState* previous) {
  if (absl::Status status = CheckNotEmpty(state); !status.ok()) return status;
  ManyOwners owners(state, query, kOwners, Count::kYes);
  if (owners.stopped()) {
    return absl::CancelledError("the call ended before it was answered");
  }
  const Numbers head([&](AnswerWriter& writer) { WriteHead(state, writer); });
  std::string rest;
  if (Migrates(state)) rest = PreviousOfMany(state, query, previous);
  grpc::Slice answer(head.bytes().size() + owners.size() + rest.size());
  AnswerWriter writer(const_cast<uint8_t*>(answer.begin()));
  writer.Raw(head.bytes());
  owners.Write(writer);
  writer.Raw(rest);
  return answer;
}

}  // namespace clockwise
