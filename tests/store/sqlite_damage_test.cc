// Tests that a damaged database is rejected and not changed, or has the content
// of an undamaged one. It never opens with another ring.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "service/store/sqlite/sqlite_store.h"
#include "tests/store/fault_vfs.h"
#include "tests/store/store_testing.h"
#include "tests/store/table_model.h"

namespace clockwise {
namespace {

class SqliteDamageTest : public testing::Test {
 protected:
  // Writes rings of every kind: nodes that fill pages and overflow them, free
  // pages of a deleted ring, trimmed history, a partition table.
  void Fill(Store& store) {
    Note(store, absl::OkStatus());
    Note(store, store.Create(HeadOf("gone")));
    Note(store, store.Apply(CommitOf("gone", 2,
                                     {NodeOf("a", std::string(20'000, 'g'))})));
    for (const char* ring : {"default", "other"}) {
      Note(store, store.Create(HeadOf(ring)));
      for (uint64_t epoch = 2; epoch < 14; ++epoch) {
        Commit commit =
            CommitOf(ring, epoch,
                     {NodeOf(absl::StrCat("n", epoch), std::string(500, 'n')),
                      NodeOf("big", std::string(epoch * 700, 'b'))});
        commit.history_changes = 3;
        Note(store, store.Apply(commit));
      }
    }
    std::mt19937_64 random(1);
    TableModel table("table", 9);
    Note(store, store.Create(TableHeadOf("table", 9)));
    Note(store, store.Apply(table.Fill(random, 3)));
    Note(store, store.Apply(table.MoveSome(random, 5)));
    Note(store, store.Delete("gone", 7));
  }

  // Records the state after each call.
  void Note(Store& store, const absl::Status& status) {
    EXPECT_OK(status);
    whole_ = TextOf(store);
    states_.insert(whole_);
  }

  // Opens a database of `bytes` and the log `log`, if it is not empty. Returns
  // true if the store rejects it. Otherwise its content must be one of
  // `allowed`.
  bool IsRefused(const std::string& bytes, const std::string& log,
                 const std::set<std::string>& allowed) {
    const std::string path = folder_.File("db");
    std::filesystem::remove(path + "-wal");
    WriteBytes(path, bytes);
    if (!log.empty()) WriteBytes(path + "-wal", log);
    const auto store = SqliteStore::Open(path, {});
    if (store.ok()) {
      EXPECT_TRUE(allowed.contains(TextOf(**store)))
          << "another content, in " << bytes.size() << " bytes";
      return false;
    }
    const std::string message(store.status().message());
    EXPECT_TRUE(absl::StartsWith(message, path)) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    std::map<std::string, std::string> untouched = {{"db", bytes}};
    if (!log.empty()) untouched["db-wal"] = log;
    EXPECT_EQ(ContentOf(folder_.path()), untouched) << message;
    return true;
  }

  TemporaryFolder folder_{FastParent()};
  std::string whole_;             // last state
  std::set<std::string> states_;  // all states
};

TEST_F(SqliteDamageTest, ADatabaseWithoutItsLastPagesIsRefused) {
  {
    auto store = SqliteStore::Open(folder_.File("db"), {});
    ASSERT_OK(store.status());
    Fill(**store);
  }
  const std::string bytes = ReadBytes(folder_.File("db"));
  ASSERT_GT(bytes.size(), 60'000);
  EXPECT_FALSE(IsRefused(bytes, "", {whole_}));
  for (size_t size = 0; size + 4096 < bytes.size();
       size += size < 200 ? 20 : 3001) {
    EXPECT_TRUE(IsRefused(bytes.substr(0, size), "", {})) << size;
  }
  EXPECT_TRUE(IsRefused(bytes.substr(0, bytes.size() - 4096), "", {}));
  // The last page is free: its last byte is not part of the content.
  IsRefused(bytes.substr(0, bytes.size() - 1), "", {whole_});
}

TEST_F(SqliteDamageTest, DamageBesideTheContentIsRefusedWhereItWouldMatter) {
  {
    auto store = SqliteStore::Open(folder_.File("db"), {});
    ASSERT_OK(store.status());
    Fill(**store);
  }
  // sqlite.org/fileformat.html §1.3: the versions for reading and writing, and
  // the number of free pages, which later commits use.
  const std::string bytes = ReadBytes(folder_.File("db"));
  for (const size_t at : {18, 19, 39}) {
    for (const char damage : {'\1', '\2', '\4', '\6'}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ damage);
      EXPECT_TRUE(IsRefused(damaged, "", {})) << at;
    }
  }
}

TEST_F(SqliteDamageTest, AFlippedBitIsRefusedOrMakesNoDifference) {
  {
    auto store = SqliteStore::Open(folder_.File("db"), {});
    ASSERT_OK(store.status());
    Fill(**store);
  }
  const std::string bytes = ReadBytes(folder_.File("db"));
  std::mt19937_64 random(4);
  int refused = 0;
  int tried = 0;
  for (size_t at = 0; at < bytes.size(); at += at < 100 ? 1 : random() % 500) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << random() % 8));
    SCOPED_TRACE(at);
    refused += IsRefused(flipped, "", {whole_}) ? 1 : 0;
    ++tried;
    if (HasFailure()) return;
  }
  // The rest is in the header's counters, free pages and gaps.
  EXPECT_GT(refused, tried / 3);
  RecordProperty("tried", tried);
  RecordProperty("refused", refused);
}

TEST_F(SqliteDamageTest, APageOfRubbishIsRefusedOrMakesNoDifference) {
  {
    auto store = SqliteStore::Open(folder_.File("db"), {});
    ASSERT_OK(store.status());
    Fill(**store);
  }
  const std::string bytes = ReadBytes(folder_.File("db"));
  std::mt19937_64 random(5);
  for (size_t page = 0; page < bytes.size() / 4096; ++page) {
    SCOPED_TRACE(page);
    const auto with = [&](const std::string& other) {
      return std::string(bytes).replace(page * 4096, 4096, other);
    };
    std::string rubbish(4096, '\0');
    IsRefused(with(rubbish), "", {whole_});
    std::generate(rubbish.begin(), rubbish.end(),
                  [&] { return static_cast<char>(random()); });
    IsRefused(with(rubbish), "", {whole_});
    // A misdirected write: one page in the place of another.
    const size_t other = random() % (bytes.size() / 4096);
    IsRefused(with(bytes.substr(other * 4096, 4096)), "", {whole_});
  }
}

// SQLite treats the rest of the log after a damaged frame as a commit that a
// crash interrupted. So the ring may go back to an earlier state
// (sqlite_store.h says so), but never to a state that did not exist.
TEST_F(SqliteDamageTest, ADamagedLogNeverMakesAStateThatWasNot) {
  std::string bytes;
  std::string log;
  {
    FaultVfs vfs;
    const std::string path = folder_.File("db");
    auto store = SqliteStore::Open(path, {});
    ASSERT_OK(store.status());
    bytes = ReadBytes(path);  // log not written back yet
    Fill(**store);
    log = vfs.durable().at(path + "-wal");
  }
  EXPECT_FALSE(IsRefused(bytes, log, {whole_}));
  EXPECT_FALSE(IsRefused(bytes, "", {""}));
  std::mt19937_64 random(6);
  for (size_t at = 0; at < log.size(); at += at < 32 ? 4 : random() % 8000) {
    SCOPED_TRACE(at);
    std::string damaged = log;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
    IsRefused(bytes, damaged, states_);
    IsRefused(bytes, log.substr(0, at + 1), states_);
    if (HasFailure()) return;
  }
}

TEST_F(SqliteDamageTest, ADamagedDatabaseWithALogIsLeftAlone) {
  std::string bytes;
  std::string log;
  {
    FaultVfs vfs;
    const std::string path = folder_.File("db");
    {
      auto store = SqliteStore::Open(path, {});
      ASSERT_OK(store.status());
      Fill(**store);
    }
    auto store = SqliteStore::Open(path, {});
    ASSERT_OK(store.status());
    bytes = ReadBytes(path);
    ASSERT_OK((*store)->Apply(CommitOf("other", 14, {NodeOf("a")})));
    whole_ = TextOf(**store);
    log = vfs.durable().at(path + "-wal");
  }
  ASSERT_FALSE(IsRefused(bytes, log, {whole_}));
  std::mt19937_64 random(7);
  int refused = 0;
  for (int i = 0; i < 50; ++i) {
    std::string flipped = bytes;
    flipped[random() % bytes.size()] ^= 0x10;
    refused += IsRefused(flipped, log, {whole_}) ? 1 : 0;
  }
  EXPECT_GT(refused, 10);
}

}  // namespace
}  // namespace clockwise
