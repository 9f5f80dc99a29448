#include "service/server/suggestions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "service/limits.h"

namespace clockwise::cli {
namespace {

// Computes the edit distance by its definition, without a band; EditDistance
// must agree.
size_t WholeTableDistance(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> d(a.size() + 1,
                                     std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1,
                          d[i - 1][j - 1] + (a[i - 1] != b[j - 1] ? 1 : 0)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

TEST(NearestTest, TheNameItselfIsNotSuggested) {
  EXPECT_EQ(NearestNames("alpha", {"alpha", "alphas"}, 3),
            std::vector<std::string>{"alphas"});
}

TEST(NearestTest, EachKindOfSlipIsOneEdit) {
  EXPECT_EQ(EditDistance("cache-1", "cache-1", 3), 0u);
  EXPECT_EQ(EditDistance("cache-1", "cache-11", 3), 1u);
  EXPECT_EQ(EditDistance("cache-1", "cache1", 3), 1u);
  EXPECT_EQ(EditDistance("cache-1", "cache-2", 3), 1u);
  EXPECT_EQ(EditDistance("cache-1", "cahce-1", 3), 1u);
  EXPECT_EQ(EditDistance("", "abc", 3), 3u);
  EXPECT_EQ(EditDistance("", "", 0), 0u);
}

TEST(NearestTest, BandedDistanceIsTheDistanceUpToItsBound) {
  std::minstd_rand random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string a(random() % 12, 'a');
    std::string b(random() % 12, 'a');
    for (char& c : a) c = static_cast<char>('a' + random() % 3);
    for (char& c : b) c = static_cast<char>('a' + random() % 3);
    const size_t bound = random() % 9;
    EXPECT_EQ(EditDistance(a, b, bound),
              std::min(WholeTableDistance(a, b), bound + 1))
        << a << " " << b << " " << bound;
  }
}

TEST(NearestTest, NearestComeFirstAndFarOnesNotAtAll) {
  const std::vector<std::string> names = {"cache-10", "web-1", "cache-1",
                                          "cache-12", "db"};
  EXPECT_EQ(NearestNames("cache-01", names, 2),
            (std::vector<std::string>{"cache-1", "cache-10"}));
  EXPECT_TRUE(NearestNames("zzzzzz", names, 3).empty());
}

TEST(NearestTest, ShortNamesAreNotNearEverything) {
  EXPECT_TRUE(NearestNames("xy", {"ab", "n"}, 3).empty());
}

TEST(NearestTest, WorkIsBoundedWhateverTheNames) {
  const std::string longest(limits::kMaxIdBytes, 'a');
  const std::vector<std::string> names(limits::kMaxNodes, longest + "b");
  EXPECT_TRUE(NearestNames(longest, names, 3).empty());
  EXPECT_TRUE(NearestNames(longest + "a", {longest}, 3).empty());
}

}  // namespace
}  // namespace clockwise::cli
