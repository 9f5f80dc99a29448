#include "service/server/suggestions.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/limits.h"

namespace clockwise {
namespace {

// More edits than this make a different name, not a mistyped one.
constexpr size_t kMaxEdits = 8;

}  // namespace

size_t EditDistance(absl::string_view a, absl::string_view b, size_t bound) {
  if (a.size() > b.size()) std::swap(a, b);
  const size_t over = bound + 1;
  if (b.size() - a.size() > bound) return over;
  // Rows of the usual table: cell [j] is the distance of the first i bytes of a
  // from the first j bytes of b. Outside the band |i - j| <= bound every cell
  // is above the bound. Only the two such cells next to the band are read.
  std::vector<size_t> two_ago(b.size() + 2, over);
  std::vector<size_t> above(b.size() + 2, over);
  std::vector<size_t> row(b.size() + 2, over);
  for (size_t j = 0; j <= std::min(bound, b.size()); ++j) above[j] = j;
  size_t least_above = 0;
  for (size_t i = 1; i <= a.size(); ++i) {
    const size_t first = i > bound ? i - bound : 1;
    const size_t last = std::min(b.size(), i + bound);
    row[first - 1] = i <= bound ? i : over;
    row[last + 1] = over;
    size_t least = row[first - 1];
    for (size_t j = first; j <= last; ++j) {
      const size_t change = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({change, above[j] + 1, row[j - 1] + 1, over});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], two_ago[j - 2] + 1);
      }
      least = std::min(least, row[j]);
    }
    // A swap reads two rows back, so one row above the bound is not enough.
    if (least > bound && least_above > bound) return over;
    least_above = least;
    std::swap(two_ago, above);
    std::swap(above, row);
  }
  return std::min(above[b.size()], over);
}

std::vector<std::string> NearestNames(absl::string_view wanted,
                                      const std::vector<std::string>& names,
                                      size_t count) {
  if (wanted.size() > limits::kMaxIdBytes) return {};
  const size_t bound = std::clamp<size_t>(wanted.size() / 3, 2, kMaxEdits);
  std::vector<std::tuple<size_t, absl::string_view>> near;
  const size_t looked_at = std::min(names.size(), limits::kMaxNodes);
  for (size_t i = 0; i < looked_at; ++i) {
    if (names[i].size() > limits::kMaxIdBytes) continue;
    // Another server may know the name by now. It is no mistyped name.
    if (names[i] == wanted) continue;
    const size_t distance = EditDistance(wanted, names[i], bound);
    // A distance of the name's length would match any name.
    if (distance > bound || distance >= names[i].size()) continue;
    near.emplace_back(distance, names[i]);
  }
  std::sort(near.begin(), near.end());
  near.resize(std::min(count, near.size()));
  std::vector<std::string> nearest;
  nearest.reserve(near.size());
  for (const auto& [distance, name] : near) nearest.emplace_back(name);
  return nearest;
}

std::string DidYouMean(const std::vector<std::string>& names) {
  return absl::StrCat("did you mean ", absl::StrJoin(names, " or "), "?");
}

}  // namespace clockwise
