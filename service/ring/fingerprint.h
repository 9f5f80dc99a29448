// The fingerprint of a ring: a checksum by which two programs prove that they
// hold the same ring. Stateless.
//
// XXH3-64 (seed 0) over these bytes, integers little-endian, texts as a u32
// length and their bytes:
//   u32 layout, u32 virtual_node_count, u32 partition_bits, u32 replica_count,
//   u32 number of nodes; per node, sorted by id: id, hash_key, u32 weight,
//   zone; u64 number of points; their positions (u64 each, sorted), then whose
//   each is (u32 each, index of the node). PARTITIONED has 0 points, and behind
//   that number: u64 number of owners in its table, then these (u32 each, index
//   of the node, row-major).
// Not in it: the ring's name, epoch and incarnation, addresses and labels.
#ifndef CLOCKWISE_SERVICE_RING_FINGERPRINT_H_
#define CLOCKWISE_SERVICE_RING_FINGERPRINT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"
#include "service/ring/node_list.h"

struct XXH3_state_s;  // of xxhash.h

namespace clockwise {

class Ring;

// Of a ring whose points are placed.
uint64_t Fingerprint(const Ring& ring);

// The same part by part, for who has the parts in hand: of a ring of points of
// Clockwise's own, positions and then owners.
class FingerprintSum {
 public:
  // Has all that comes before the positions of `points` in it.
  FingerprintSum(const v1::RingSpec& spec, const NodeList& nodes,
                 size_t points);

  template <typename Integer>
  void AddAll(std::span<const Integer> values) {
    AddBytes(values.data(), values.size_bytes());
  }
  template <typename Integer>
  void Add(Integer value) {
    AddBytes(&value, sizeof(value));
  }
  void Add(absl::string_view text);
  uint64_t value() const;

 private:
  struct Free {
    void operator()(XXH3_state_s* state) const;
  };
  void AddBytes(const void* bytes, size_t count);

  std::unique_ptr<XXH3_state_s, Free> state_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_FINGERPRINT_H_
