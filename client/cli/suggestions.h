// The names that somebody may have meant who mistyped one. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_SUGGESTIONS_H_
#define CLOCKWISE_CLIENT_CLI_SUGGESTIONS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace clockwise::cli {

// Least number of bytes put in, left out, changed or swapped with the next
// (optimal string alignment) that turns `a` into `b`, or `bound` + 1 if that is
// more than `bound`. Cost: O(bound × length), by a band about the diagonal
// (Ukkonen 1985) that is left as soon as a row is all above the bound.
size_t EditDistance(absl::string_view a, absl::string_view b, size_t bound);

// At most `count` of `names`, nearest first, none farther than a third of
// `wanted`'s length (but 2 at least, 8 at most). Bounded: names beyond the
// 100,000th, and names or a `wanted` over 253 bytes, are not looked at.
std::vector<std::string> NearestNames(absl::string_view wanted,
                                      const std::vector<std::string>& names,
                                      size_t count);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_SUGGESTIONS_H_
