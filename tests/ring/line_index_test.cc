// Compares LineIndex with a plain sorted search: at, before and after every
// end, at ties of 16 bits, in lines that are too full, and in empty lines.
#include "service/ring/line_index.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/ring/first_end.h"

namespace clockwise {
namespace {

constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();

// Compares the results for `positions` and for positions around all ends.
void Check(std::vector<uint64_t> ends, uint32_t nodes,
           std::vector<uint64_t> positions = {}) {
  std::sort(ends.begin(), ends.end());
  std::mt19937_64 random(7);
  std::vector<uint32_t> of_slot;
  for (size_t i = 0; i < ends.size(); ++i) {
    of_slot.push_back(static_cast<uint32_t>(random() % nodes));
  }
  of_slot[ends.size() / 2] = nodes - 1;
  const LineIndex index(ends, of_slot, nodes);
  for (const uint64_t end : ends) {
    for (const uint64_t near : {end - 1, end, end + 1}) {
      positions.push_back(near);
    }
  }
  for (const uint64_t edge : {uint64_t{0}, uint64_t{1}, kMost - 1, kMost}) {
    positions.push_back(edge);
  }
  for (int i = 0; i < 20000; ++i) positions.push_back(random());
  int wrong = 0;
  for (const uint64_t position : positions) {
    const size_t slot = FirstEnd(ends, position);
    const LineIndex::Found found = index.Look(position);
    if (index.Slot(position) != slot || index.Node(position) != of_slot[slot] ||
        found.slot != slot || found.node != of_slot[slot]) {
      ++wrong;
    }
  }
  EXPECT_EQ(wrong, 0) << "of " << positions.size();
  for (size_t first = 0; first < positions.size();
       first += LineIndex::kAtOnce) {
    const auto some = std::span<const uint64_t>(positions).subspan(first).first(
        std::min(LineIndex::kAtOnce, positions.size() - first));
    std::vector<uint32_t> found(some.size());
    index.Nodes(some, found);
    for (size_t i = 0; i < some.size(); ++i) {
      wrong += found[i] != of_slot[FirstEnd(ends, some[i])] ? 1 : 0;
    }
  }
  EXPECT_EQ(wrong, 0) << "at once";
}

std::vector<uint64_t> DrawEnds(size_t count,
                               const std::function<uint64_t(uint64_t)>& of) {
  std::mt19937_64 random(count);
  std::vector<uint64_t> ends;
  for (size_t i = 0; i < count; ++i) ends.push_back(of(random()));
  return ends;
}

class LineIndexTest : public testing::TestWithParam<uint32_t> {};

TEST_P(LineIndexTest, RandomEnds) {
  for (const size_t count :
       {1, 2, 6, 7, 8, 15, 16, 17, 100, 1600, 16000, 160000}) {
    SCOPED_TRACE(count);
    Check(DrawEnds(count, [](uint64_t random) { return random; }), GetParam());
  }
}

TEST_P(LineIndexTest, EndsOfThirtyTwoBits) {
  Check(DrawEnds(5000, [](uint64_t random) { return random << 32; }),
        GetParam());
}

TEST_P(LineIndexTest, EndsTogetherInOneCorner) {
  for (const int shift : {10, 30, 46, 50, 60}) {
    SCOPED_TRACE(shift);
    const auto near = [shift](uint64_t random) { return random >> shift; };
    Check(DrawEnds(3000, near), GetParam());
    Check(DrawEnds(3000, [&](uint64_t random) { return ~near(random); }),
          GetParam());
  }
}

TEST_P(LineIndexTest, EndsThatDifferInNothingThatALineHas) {
  // The ends differ by less than 1 / 2^16 of the width of a bucket.
  Check(DrawEnds(3000,
                 [](uint64_t random) {
                   return (random << 48 >> 4) + (random >> 60);
                 }),
        GetParam());
}

TEST_P(LineIndexTest, EqualEnds) {
  Check(std::vector<uint64_t>(40, 1234567), GetParam());
  Check(std::vector<uint64_t>(40, 0), GetParam());
  Check(std::vector<uint64_t>(40, kMost), GetParam());
  Check(DrawEnds(2000, [](uint64_t random) { return random % 20 << 59; }),
        GetParam());
}

TEST_P(LineIndexTest, LinesThatAreJustFullAndJustTooFull) {
  for (const size_t full : {8, 9, 10, 13, 14, 15, 16, 40}) {
    SCOPED_TRACE(full);
    std::vector<uint64_t> ends;
    // `full` ends at equal distances in the first bucket, few in the others.
    for (size_t i = 0; i < full; ++i) ends.push_back((i + 1) << 50);
    for (size_t i = 0; i < 200; ++i) {
      ends.push_back(kMost - (static_cast<uint64_t>(i) << 55));
    }
    Check(ends, GetParam());
  }
}

INSTANTIATE_TEST_SUITE_P(Nodes, LineIndexTest,
                         // Narrow lines hold numbers up to 65,534. 65,535 marks
                         // a line whose ends must be searched.
                         testing::Values(1, 10, 65535, 65536, 65537, 100000));

TEST(LineIndexSizeTest, ALineIsSharedByAboutSevenEnds) {
  const auto ends = DrawEnds(70000, [](uint64_t random) { return random; });
  std::vector<uint64_t> sorted = ends;
  std::sort(sorted.begin(), sorted.end());
  const std::vector<uint32_t> nodes(sorted.size(), 3);
  const LineIndex index(sorted, nodes, 4);
  EXPECT_LT(index.bytes(), sorted.size() * 10);
}

}  // namespace
}  // namespace clockwise
