#include "client/lib/ring_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

using client::KeptRing;
using client::ReadRingFile;
using client::WriteRingFile;

class RingFileTest : public ::testing::Test {
 protected:
  RingFileTest() {
    std::string folder = ::testing::TempDir() + "ring-file.XXXXXX";
    folder_ = mkdtemp(folder.data());
    path_ = folder_ + "/ring";
  }
  ~RingFileTest() override { std::filesystem::remove_all(folder_); }

  static KeptRing Kept(size_t nodes, uint64_t epoch) {
    v1::RingSpec spec = HashedSpec(10);
    spec.set_name("r");
    return {std::make_shared<const client::RingView>(
                NewRing(spec, NewNodes(nodes)), epoch, 7, nullptr),
            absl::FromUnixMillis(1'700'000'000'123)};
  }

  std::string Bytes() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void Put(const std::string& bytes) const {
    std::ofstream(path_, std::ios::binary) << bytes;
  }

  std::string folder_;
  std::string path_;
};

TEST_F(RingFileTest, GivesBackWhatWasWritten) {
  const KeptRing kept = Kept(3, 5);
  ASSERT_TRUE(WriteRingFile(path_, kept).ok());
  const auto read = ReadRingFile(path_, "r");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->view->epoch(), 5u);
  EXPECT_EQ(read->view->incarnation(), 7u);
  EXPECT_EQ(read->view->fingerprint(), kept.view->fingerprint());
  EXPECT_EQ(read->confirmed, kept.confirmed);
  ASSERT_TRUE(WriteRingFile(path_, Kept(4, 6)).ok());
  EXPECT_EQ(ReadRingFile(path_, "r")->view->epoch(), 6u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1)
      << "there is another file";
}

TEST_F(RingFileTest, EachDamagedByteIsSeen) {
  ASSERT_TRUE(WriteRingFile(path_, Kept(2, 5)).ok());
  const std::string good = Bytes();
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x40);
    Put(bad);
    ASSERT_TRUE(absl::IsDataLoss(ReadRingFile(path_, "r").status())) << at;
    Put(good.substr(0, at));
    ASSERT_TRUE(absl::IsDataLoss(ReadRingFile(path_, "r").status())) << at;
  }
  Put(good + "x");
  EXPECT_TRUE(absl::IsDataLoss(ReadRingFile(path_, "r").status()));
}

TEST_F(RingFileTest, WhatIsNotThereOrAnothersIsSaid) {
  EXPECT_TRUE(absl::IsNotFound(ReadRingFile(path_, "r").status()));
  EXPECT_TRUE(absl::IsDataLoss(ReadRingFile(folder_, "r").status()));
  ASSERT_TRUE(WriteRingFile(path_, Kept(2, 5)).ok());
  EXPECT_TRUE(
      absl::IsFailedPrecondition(ReadRingFile(path_, "other").status()));
  const absl::Status status = WriteRingFile("/nowhere/at/all/ring", Kept(2, 5));
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_NE(status.message().find("/nowhere/at/all/ring"), std::string::npos);
}

TEST_F(RingFileTest, AWriteThatFailsLeavesTheFileBefore) {
  ASSERT_TRUE(WriteRingFile(path_, Kept(2, 5)).ok());
  if (geteuid() == 0) GTEST_SKIP() << "root may write anywhere";
  std::filesystem::permissions(folder_, std::filesystem::perms::owner_read |
                                            std::filesystem::perms::owner_exec);
  EXPECT_FALSE(WriteRingFile(path_, Kept(3, 6)).ok());
  std::filesystem::permissions(folder_, std::filesystem::perms::owner_all);
  EXPECT_EQ(ReadRingFile(path_, "r")->view->epoch(), 5u);
}

}  // namespace
}  // namespace clockwise
