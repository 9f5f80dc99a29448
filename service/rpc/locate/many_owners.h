// Computes the owners of keys and writes them to answers. For locate.cc only.
// Thread-compatible.
#ifndef CLOCKWISE_SERVICE_RPC_LOCATE_MANY_OWNERS_H_
#define CLOCKWISE_SERVICE_RPC_LOCATE_MANY_OWNERS_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "service/limits.h"
#include "service/membership/ring_state.h"
#include "service/rpc/locate/answer_writer.h"
#include "service/rpc/locate/locate_query.h"

namespace clockwise {

// OwnersOfKey computes the owners of one key at a time, into its own buffer.
// The ring must outlive it.
class OwnersOfKey {
 public:
  OwnersOfKey(const Ring& ring, uint32_t replicas)
      : ring_(ring), owners_(buffer_.data(), ring.OwnersPerKey(replicas)) {}

  std::span<const uint32_t> At(KeyHash hash) {
    if (!owners_.empty()) {
      walked_ = std::max(walked_, ring_.OwnersOf(hash, owners_));
    }
    return owners_;
  }
  std::span<const uint32_t> Of(absl::string_view key) {
    return At(ring_.Hash(key));
  }
  uint32_t count() const { return static_cast<uint32_t>(owners_.size()); }
  // Returns the largest number of slots that were walked for a key.
  size_t walked() const { return walked_; }

 private:
  const Ring& ring_;
  size_t walked_ = 0;
  std::array<uint32_t, limits::kMaxReplicas> buffer_;
  std::span<uint32_t> owners_;
};

// PackedOwners writes the owners of all keys as packed numbers of nodes.
class PackedOwners {
 public:
  explicit PackedOwners(size_t owners)
      : bytes_(owners * kMostBytes, '\0'), writer_(begin()) {}

  void Add(uint32_t number) { writer_.Packed(number); }
  absl::string_view bytes() const {
    const auto* begin = reinterpret_cast<const uint8_t*>(bytes_.data());
    return {bytes_.data(), static_cast<size_t>(writer_.at() - begin)};
  }

 private:
  // Maximum size of a number, which is below kMaxNodes.
  static constexpr size_t kMostBytes = 3;
  static_assert(limits::kMaxNodes <= 1 << 21);
  uint8_t* begin() { return reinterpret_cast<uint8_t*>(bytes_.data()); }

  std::string bytes_;
  AnswerWriter writer_;
};

// Return the size in bytes of nodes in an answer, and write them. Each node is
// written after the tag of `field`.
size_t SizeOf(const OwnerBytes& bytes, std::span<const uint32_t> nodes);
void WriteOwners(int field, const OwnerBytes& bytes,
                 std::span<const uint32_t> nodes, AnswerWriter& writer);

enum class Count { kYes, kNo };

// ManyOwners holds the owners of many keys in one ring, which must outlive it.
class ManyOwners {
 public:
  // Numbers of the fields of the answer.
  struct Fields {
    int nodes;
    int owners;
    int replicas;
  };

  // Computes the owners, unless query.stopped ends it. Count::kYes: counts each
  // key at its primary.
  ManyOwners(const RingState& state, const LocateQuery& query,
             const Fields& fields, Count count);

  // True if query.stopped has ended the computation.
  bool stopped() const { return stopped_; }
  // Number of bytes that Write needs.
  size_t size() const;
  void Write(AnswerWriter& writer) const;

 private:
  Numbers Length() const;
  Numbers Width() const;

  const RingState& state_;
  const Fields fields_;
  OwnersOfKey of_key_;
  PackedOwners packed_;
  std::vector<uint32_t> named_;
  bool stopped_ = false;
};

// Remembers if the walks of a look-up were long.
inline void NoteWalks(const RingState& state, const OwnersOfKey& of_key) {
  // A walk of this many slots takes about 0.1 ms.
  constexpr size_t kLongWalk = 10'000;
  if (of_key.walked() > kLongWalk && state.counters != nullptr) {
    state.counters->long_walks = true;
  }
}

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_LOCATE_MANY_OWNERS_H_
