// The fingerprint of a ring: a checksum by which two programs prove that they
// hold the same ring. Stateless.
//
// XXH3-64 (seed 0) over these bytes, integers little-endian, texts as a u32
// length and their bytes:
//   u32 layout, u32 virtual_nodes, u32 partition_bits, u32 replicas,
//   u32 number of nodes; per node, sorted by id: id, hash_key, u32 weight,
//   zone; u64 number of points; their positions (u64 each, sorted), then whose
//   each is (u32 each, index of the node). PARTITIONED has 0 points, and behind
//   that number: u64 number of owners in its table, then these (u32 each, index
//   of the node, row-major).
// Not in it: the ring's name, epoch and incarnation, addresses and labels.
#ifndef CLOCKWISE_SERVICE_RING_FINGERPRINT_H_
#define CLOCKWISE_SERVICE_RING_FINGERPRINT_H_

#include <cstdint>

namespace clockwise {

class Ring;

// Of a ring whose points are placed.
uint64_t Fingerprint(const Ring& ring);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_FINGERPRINT_H_
