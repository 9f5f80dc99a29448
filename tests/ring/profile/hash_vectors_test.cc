// Compares each hash with the results of the original programs (hashes.tsv).
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "service/ring/profile/block_hashes.h"
#include "service/ring/profile/small_hashes.h"
#include "tests/support/vector_file.h"

namespace clockwise::profile {
namespace {

using Hash = std::function<std::string(absl::string_view)>;

template <typename Function>
Hash Text(Function function) {
  return
      [function](absl::string_view key) { return absl::StrCat(function(key)); };
}

TEST(HashVectorsTest, EveryHashIsTheOneOfItsProgram) {
  const std::vector<std::pair<size_t, Hash>> columns = {
      {1, Text(Md5Word0)},
      {2, Text(Crc32)},
      {3, Text(Crc32_15)},
      {4, Text(OneAtATime)},
      {5, Text(Fnv1_32)},
      {6, Text(Fnv1a_32)},
      {7, Text(Fnv1_64)},
      {8, Text(Fnv1a_64)},
      {9, Text(Hsieh)},
      {10, Text(Murmur2)},
      {11, Text(Murmur3)},
      {12, Text(JenkinsLookup3)},
      {13, Text(Crc16Twemproxy)},
      {14, Text(Crc16Xmodem)},
      {15, Text(Sdbm)},
      {16, Text(Djb2)},
      {17, Text(Wt6)},
      {19, Text(XxHash64)},
      {21, Text(Murmur64A)},
      {23, Text(CassandraToken)}};
  const VectorFile vectors = ReadVectors("hashes");
  ASSERT_EQ(vectors.cases.size(), 1);
  ASSERT_GT(vectors.cases[0].rows.size(), 100);
  for (const auto& row : vectors.cases[0].rows) {
    const std::string key = Unescaped(row.at(0));
    for (const auto& [column, hash] : columns) {
      EXPECT_EQ(hash(key), row.at(column))
          << "column " << column << " of " << row[0];
    }
    EXPECT_EQ(absl::StrCat(Avalanche(Sdbm(key))), row.at(18));
  }
}

}  // namespace
}  // namespace clockwise::profile
