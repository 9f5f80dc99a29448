// Functions that find the names a user may have meant by a mistyped name. Pure
// functions.
#ifndef CLOCKWISE_SERVICE_SERVER_SUGGESTIONS_H_
#define CLOCKWISE_SERVICE_SERVER_SUGGESTIONS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace clockwise {

// Returns the smallest number of edits that turns `a` into `b`, or `bound` + 1
// if it is more than `bound`. An edit inserts, deletes or changes a byte, or
// swaps it with the next (optimal string alignment). Cost: O(bound × length).
// It computes a band around the diagonal (Ukkonen 1985), and stops once the
// rows are above the bound.
size_t EditDistance(absl::string_view a, absl::string_view b, size_t bound);

// Returns at most `count` of `names`, nearest first. The distance is at most a
// third of the length of `wanted` (but at least 2, at most 8). `wanted` itself
// is not one of them. Bounded: ignores
// names after the 100,000th, and a `wanted` or names over 253 bytes.
std::vector<std::string> NearestNames(absl::string_view wanted,
                                      const std::vector<std::string>& names,
                                      size_t count);

// Returns "did you mean a or b?".
std::string DidYouMean(const std::vector<std::string>& names);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_SERVER_SUGGESTIONS_H_
