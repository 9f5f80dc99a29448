// Computes the fingerprint of a ring: a checksum by which two programs can
// check that they hold the same ring. Stateless.
//
// The fingerprint is XXH3-64 (seed 0) of these bytes, integers little-endian,
// texts as a u32 length and their bytes:
//   1. u32 layout, u32 virtual_node_count, u32 partition_bits,
//      u32 replica_count.
//   2. u32 number of nodes; per node, sorted by ID: id, hash_key, u32 weight,
//      zone.
//   3. Layouts of other systems only: the settings (SettingsText). If placement
//      depends on the order in which nodes joined: the indexes of the nodes in
//      that order (u32 each).
//   4. u64 number of points; their positions (u64 each, sorted). 0 points in
//      layouts without points.
//   5. PARTITIONED and layouts of other systems only: u64 number of owners in
//      the next item.
//   6. All layouts but MODULO: the owners of the slots (u32 each, index of the
//      node), row-major.
// The ring's name, epoch and incarnation, addresses and labels are not
// included.
#ifndef CLOCKWISE_SERVICE_RING_FINGERPRINT_H_
#define CLOCKWISE_SERVICE_RING_FINGERPRINT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"
#include "service/ring/node_list.h"

struct XXH3_state_s;  // in xxhash.h

namespace clockwise {

class Ring;

// Returns the fingerprint of a ring whose points are placed.
uint64_t Fingerprint(const Ring& ring);

// Computes the fingerprint in parts, for a ring of points in one of Clockwise's
// own layouts: add the positions, then the owners.
class FingerprintSum {
 public:
  // Adds everything that precedes the positions of `points` points.
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
