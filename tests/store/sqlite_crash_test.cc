// Tests other processes that use the file of an SqliteStore: one dies by kill
// -9 in the middle of a commit, one opens a file that is in use.
//
// Each child is forked before this process opens the file. Otherwise SQLite's
// record of its own locks would be copied into the child.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <memory>
#include <random>
#include <string>

#include "service/store/sqlite/sqlite_store.h"
#include "tests/store/store_testing.h"

#if defined(__SANITIZE_THREAD__)
#define CLOCKWISE_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CLOCKWISE_TSAN 1
#endif
#endif

namespace clockwise {
namespace {

// A forked process with a pipe in each direction.
class Child {
 public:
  // `run(in, out)` receives the child's ends of the pipes.
  explicit Child(const std::function<void(int in, int out)>& run) {
    int to_child[2];
    int from_child[2];
    if (pipe(to_child) != 0 || pipe(from_child) != 0) std::abort();
    process_ = fork();
    if (process_ < 0) std::abort();
    if (process_ == 0) {
      close(to_child[1]);
      close(from_child[0]);
      run(to_child[0], from_child[1]);
      _exit(0);
    }
    close(to_child[0]);
    close(from_child[1]);
    in_ = from_child[0];
    out_ = to_child[1];
  }
  ~Child() {
    Kill();
    close(in_);
    close(out_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Returns up to `size` bytes from the child; an empty string at the end.
  std::string Read(size_t size) const {
    std::string bytes(size, '\0');
    const ssize_t count = read(in_, bytes.data(), size);
    bytes.resize(count > 0 ? static_cast<size_t>(count) : 0);
    return bytes;
  }
  void Write(const std::string& bytes) const {
    if (write(out_, bytes.data(), bytes.size()) < 0) std::abort();
  }
  void Kill() {
    if (process_ == 0) return;
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
    process_ = 0;
  }

 private:
  pid_t process_ = 0;
  int in_ = -1;
  int out_ = -1;
};

// Returns the nodes of the ring "r" after each commit of CommitForEver.
std::vector<v1::Node> NodesAt(uint64_t epoch) {
  return {NodeOf("epoch", absl::StrCat(epoch)),
          NodeOf("filler", std::string(epoch * 37 % 9000, 'x'))};
}

// Commits one epoch after the other to the ring "r", and writes one byte for
// each acknowledged commit.
void CommitForEver(const std::string& path, int out) {
  const auto store = SqliteStore::Open(path, {});
  if (!store.ok()) return;
  const auto ring = (*store)->Load("r");
  if (!ring.ok()) return;
  for (uint64_t epoch = ring->head.epoch + 1;; ++epoch) {
    Commit commit = CommitOf("r", epoch, NodesAt(epoch));
    commit.history_changes = 50;
    if (!(*store)->Apply(commit).ok()) return;
    if (write(out, "+", 1) != 1) return;
  }
}

TEST(SqliteCrashTest, NoAcknowledgedCommitIsLostByKill) {
#ifdef CLOCKWISE_TSAN
  GTEST_SKIP() << "ThreadSanitizer does not follow forked processes";
#endif
  constexpr int kKills = 20;
  TemporaryFolder folder;
  const std::string path = folder.File("db");
  std::mt19937_64 random(8);
  uint64_t epoch = 1;
  {
    auto store = SqliteStore::Open(path, {});
    ASSERT_OK(store.status());
    ASSERT_OK((*store)->Create(HeadOf("r")));
  }
  for (int i = 0; i < kKills; ++i) {
    uint64_t acknowledged = epoch;
    {
      Child child([&](int, int out) { CommitForEver(path, out); });
      // Kill the child at a random moment of its commits.
      const uint64_t enough = acknowledged + 1 + random() % 60;
      while (acknowledged < enough) {
        const std::string read = child.Read(1);
        ASSERT_FALSE(read.empty()) << "the child ended early";
        ++acknowledged;
      }
      for (uint64_t spin = random() % 300'000; spin > 0; --spin) {
        asm volatile("");
      }
      child.Kill();
      while (!child.Read(1).empty()) ++acknowledged;
    }
    const auto store = SqliteStore::Open(path, {});
    ASSERT_OK(store.status());
    const auto ring = (*store)->Load("r");
    ASSERT_OK(ring.status());
    epoch = ring->head.epoch;
    // The last commit may be durable without its acknowledgement.
    EXPECT_GE(epoch, acknowledged);
    EXPECT_LE(epoch, acknowledged + 1);
    EXPECT_EQ(ring->nodes.at(0).address(), absl::StrCat(epoch));
    EXPECT_EQ(ring->nodes.at(1).address(), NodesAt(epoch)[1].address());
    EXPECT_EQ(ring->history.size(), std::min<uint64_t>(epoch - 1, 50));
  }
}

TEST(SqliteCrashTest, ASecondProcessIsRefused) {
#ifdef CLOCKWISE_TSAN
  GTEST_SKIP() << "ThreadSanitizer does not follow forked processes";
#endif
  TemporaryFolder folder;
  const std::string path = folder.File("db");
  // For each byte that it reads: opens the file and writes the status.
  Child other([&](int in, int out) {
    char byte = 0;
    while (read(in, &byte, 1) == 1) {
      const auto store = SqliteStore::Open(path, {});
      const std::string text = store.status().ToString();
      if (write(out, text.data(), text.size()) < 0) return;
    }
  });
  auto store = SqliteStore::Open(path, {});
  ASSERT_OK(store.status());
  ASSERT_OK((*store)->Create(HeadOf("r")));
  const auto expect_refused = [&] {
    other.Write("?");
    const std::string answer = other.Read(1000);
    EXPECT_NE(answer.find("in use by another clockwised"), std::string::npos)
        << answer;
    EXPECT_TRUE(std::filesystem::exists(path + "-wal"));
  };
  expect_refused();
  // A second handle in this process does not release the first one's lock,
  // unlike POSIX locks, which are released when any handle is closed.
  EXPECT_FALSE(SqliteStore::Open(path, {}).ok());
  expect_refused();
  ASSERT_OK((*store)->Apply(CommitOf("r", 2, {NodeOf("a")})));
  expect_refused();

  store->reset();
  other.Write("?");
  EXPECT_EQ(other.Read(1000), "OK");
}

}  // namespace
}  // namespace clockwise
