// The search of rings as it is specified: the reference for LineIndex.
// Stateless.
#ifndef CLOCKWISE_TESTS_RING_FIRST_END_H_
#define CLOCKWISE_TESTS_RING_FIRST_END_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace clockwise {

// Returns the index of the first of `ends` (sorted) at or after `position`.
// After the last end it returns 0, because the circle wraps. O(log ends).
inline size_t FirstEnd(std::span<const uint64_t> ends, uint64_t position) {
  const auto at = std::lower_bound(ends.begin(), ends.end(), position);
  return at == ends.end() ? 0 : static_cast<size_t>(at - ends.begin());
}

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_RING_FIRST_END_H_
