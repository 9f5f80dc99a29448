// MoveCollector collects the arcs of the hash space whose owners differ between
// two rings, merges them into moves, and sums what they move.
// Thread-compatible.
#ifndef CLOCKWISE_SERVICE_RING_MOVE_COLLECTOR_H_
#define CLOCKWISE_SERVICE_RING_MOVE_COLLECTOR_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/numeric/int128.h"
#include "clockwise/v1/placement.pb.h"
#include "service/ring/compare.h"
#include "service/ring/ring.h"

namespace clockwise {

class MoveCollector {
 public:
  // Lists at most `max_moves` moves. 0: lists no transfers either. The rings
  // must outlive this object.
  MoveCollector(const Ring& before, const Ring& after, size_t owners_after,
                size_t max_moves);

  // Adds `width` only to the transfers. For slots that are not arcs.
  void AddWidth(absl::uint128 width, std::span<const uint32_t> from,
                std::span<const uint32_t> to) {
    CountTransfers(width, from, to);
  }

  // Adds the arc (start, end], which follows the previous one clockwise. If
  // start = end, it is the whole circle. Owners are indexes into the nodes of
  // the rings.
  void Add(uint64_t start, uint64_t end, std::span<const uint32_t> from,
           std::span<const uint32_t> to);

  // Writes the result. Call it once.
  void Finish(Comparison& comparison);

  // Writes only the transfers. `whole` is the width of the hash space.
  void ListTransfers(absl::uint128 whole, Comparison& comparison) const;

 private:
  bool Same(std::span<const uint32_t> from, std::span<const uint32_t> to) const;
  bool Owned(std::span<const uint32_t> from, uint32_t is) const;
  uint32_t CountTransfers(absl::uint128 width, std::span<const uint32_t> from,
                          std::span<const uint32_t> to);
  bool Extends(uint64_t start, std::span<const uint32_t> from,
               std::span<const uint32_t> to) const;
  double RatioOf(absl::uint128 units, absl::uint128 whole) const;
  void Flush();
  void JoinAtTheWrap();

  const Ring& before_;
  const Ring& after_;
  const std::vector<uint32_t> indexes_after_;
  const size_t owners_after_;
  const size_t max_moves_;
  absl::uint128 moved_ = 0;     // arc lengths × owners gained
  absl::uint128 handover_ = 0;  // arc lengths
  // Arc lengths by node before (kGone: none) and node after.
  absl::flat_hash_map<std::pair<uint32_t, uint32_t>, absl::uint128> transfers_;
  bool open_ = false;  // the run below is not yet flushed
  uint64_t run_start_ = 0;
  uint64_t run_end_ = 0;
  absl::uint128 run_units_ = 0;
  std::vector<uint32_t> run_from_;
  std::vector<uint32_t> run_to_;
  std::vector<v1::Move> moves_;
  bool truncated_ = false;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_MOVE_COLLECTOR_H_
