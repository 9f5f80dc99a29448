#include "client/cli/key_batch.h"

#include <gtest/gtest.h>

#include <vector>

#include "client/cli/failure.h"

namespace clockwise::cli {
namespace {

// Returns all batches of `text` if it is read in pieces of `piece` bytes.
std::vector<std::vector<std::string>> Cut(const std::string& text, size_t piece,
                                          char separator) {
  KeyBatch batch(separator);
  KeyBatch::Keys keys;
  std::vector<std::vector<std::string>> batches;
  const auto take = [&] {
    batch.Take(keys);
    batches.emplace_back(keys.begin(), keys.end());
  };
  for (size_t at = 0; at < text.size(); at += piece) {
    absl::string_view bytes = absl::string_view(text).substr(at, piece);
    while (!bytes.empty()) {
      const auto taken = batch.Add(bytes);
      EXPECT_TRUE(taken.ok()) << taken.status();
      bytes.remove_prefix(*taken);
      if (batch.full()) take();
    }
  }
  batch.End();
  if (!batch.empty()) take();
  return batches;
}

using Batches = std::vector<std::vector<std::string>>;

TEST(KeyBatchTest, KeysAreTheSameHoweverTheBytesArrive) {
  for (const size_t piece : {1u, 2u, 3u, 100u}) {
    EXPECT_EQ(Cut("a\nbc\n\nd", piece, '\n'), (Batches{{"a", "bc", "", "d"}}));
    EXPECT_EQ(Cut("a\n", piece, '\n'), (Batches{{"a"}}));
    EXPECT_EQ(Cut("\n", piece, '\n'), (Batches{{""}}));
    EXPECT_EQ(Cut(std::string("a\nb\0c", 5), piece, '\0'),
              (Batches{{"a\nb", "c"}}));
  }
  EXPECT_EQ(Cut("", 1, '\n'), Batches{});
}

TEST(KeyBatchTest, BatchHasNoMoreKeysThanARequestMay) {
  const std::string text(2 * (limits::kMaxBatchKeys * 2 + 1), '\n');
  const Batches batches = Cut(text, 4096, '\n');
  size_t keys = 0;
  for (const auto& batch : batches) {
    EXPECT_LE(batch.size(), limits::kMaxBatchKeys);
    keys += batch.size();
  }
  EXPECT_EQ(keys, text.size());
}

TEST(KeyBatchTest, BatchHasNoMoreBytesThanARequestMay) {
  std::string text;
  for (int i = 0; i < 100; ++i) {
    text += std::string(limits::kMaxKeyBytes, 'k') + "\n";
  }
  size_t keys = 0;
  for (const auto& batch : Cut(text, 64 * 1024, '\n')) {
    size_t bytes = 0;
    for (const std::string& key : batch) bytes += key.size();
    EXPECT_LE(bytes, KeyBatch::kMaxBytes + limits::kMaxKeyBytes);
    keys += batch.size();
  }
  EXPECT_EQ(keys, 100u);
}

TEST(KeyBatchTest, KeyOverItsBoundIsBadUsageThatNamesTheLine) {
  KeyBatch batch('\n');
  KeyBatch::Keys keys;
  ASSERT_TRUE(batch.Add("first\nsecond\n").ok());
  batch.Take(keys);
  ASSERT_TRUE(batch.Add("third\n").ok());
  const auto taken =
      batch.Add(std::string(limits::kMaxKeyBytes + 1, 'k') + "\n");
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(ExitCodeOf(taken.status()), ExitCode::kBadUsage);
  EXPECT_NE(taken.status().message().find(":4: "), std::string::npos)
      << taken.status();
  batch.Take(keys);
  EXPECT_EQ(keys.size(), 1);  // earlier keys must still be located
}

TEST(KeyBatchTest, KeyThatNeverEndsIsRefusedBeforeItFillsMemory) {
  KeyBatch batch('\n');
  const std::string piece(4096, 'k');
  size_t pieces = 0;
  while (batch.Add(piece).ok()) ++pieces;
  EXPECT_EQ(pieces, limits::kMaxKeyBytes / piece.size());
}

TEST(KeyBatchTest, OdditiesAreFoundWhereverTheInputIsCut) {
  const std::string text =
      "\xEF\xBB\xBF"
      "a\r\n\n b\nc\t\n" +
      std::string("d\0", 2);
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    KeyBatch batch('\n', "f");
    for (size_t at = 0; at < text.size(); at += piece) {
      ASSERT_TRUE(batch.Add(absl::string_view(text).substr(at, piece)).ok());
    }
    batch.End();
    EXPECT_EQ(batch.Oddities(),
              "f: the first key begins with a byte order mark, 1 key ends with "
              "a carriage return, 2 keys begin or end with a blank, 1 key "
              "contains NUL, 1 key is empty; all bytes of a line are its key, "
              "and dos2unix converts such a file");
  }
}

TEST(KeyBatchTest, UsualKeysHaveNoOddities) {
  for (const char separator : {'\n', '\0'}) {
    KeyBatch batch(separator);
    ASSERT_TRUE(batch.Add(std::string("a b") + separator + "\xFF\xFE").ok());
    batch.End();
    EXPECT_EQ(batch.Oddities(), "");
  }
}

}  // namespace
}  // namespace clockwise::cli
