// Tests how EtcdStore notifies its follower, while a real etcd is compacted,
// killed and paused.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "service/runtime/mutex.h"
#include "tests/store/etcd_gate.h"
#include "tests/store/etcd_testing.h"

namespace clockwise {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Counts the notifications of a store; "any" counts all rings.
class Listener {
 public:
  absl::Status Told(const std::string& ring) {
    MutexLock lock(mu_);
    ++told_[ring];
    ++told_["any"];
    changed_.NotifyAll();
    return answer_;
  }
  // Waits until `ring` has more than `before` notifications.
  bool Hears(const std::string& ring, int before,
             std::chrono::milliseconds patience = seconds(20)) {
    const auto until = std::chrono::steady_clock::now() + patience;
    MutexLock lock(mu_);
    while (told_[ring] <= before) {
      if (std::chrono::steady_clock::now() >= until) return false;
      changed_.WaitUntil(mu_, until);
    }
    return true;
  }
  int Count(const std::string& ring) {
    MutexLock lock(mu_);
    return told_[ring];
  }
  void AnswerWith(absl::Status answer) {
    MutexLock lock(mu_);
    answer_ = std::move(answer);
  }

 private:
  Mutex mu_;
  Condition changed_;
  std::map<std::string, int> told_;
  absl::Status answer_;
};

class EtcdFollowTest : public testing::Test {
 protected:
  void Follow(EtcdStore& store) {
    store.Follow(
        [this](const std::string& ring) { return listener_.Told(ring); });
  }

  // Waits until store.up() is `up`.
  static bool Becomes(const EtcdStore& store, bool up) {
    const auto until = std::chrono::steady_clock::now() + seconds(20);
    while (store.up() != up) {
      if (std::chrono::steady_clock::now() >= until) return false;
      std::this_thread::sleep_for(milliseconds(20));
    }
    return true;
  }

  const std::string prefix_ = NewPrefix();
  Listener listener_;
  std::shared_ptr<EtcdStore> writer_ = OpenEtcd(prefix_);
  std::shared_ptr<EtcdStore> store_ = OpenEtcd(prefix_);
};

TEST_F(EtcdFollowTest, ItTellsOfAllAtTheStartAndThenOfEachRingThatChanged) {
  Follow(*store_);
  ASSERT_TRUE(listener_.Hears("", 0));
  ASSERT_OK(writer_->Create(HeadOf("r")));
  EXPECT_TRUE(listener_.Hears("r", 0));
  const int before = listener_.Count("r");
  ASSERT_OK(writer_->Apply(CommitOf("r", 2, {NodeOf("a")})));
  EXPECT_TRUE(listener_.Hears("r", before));
  EXPECT_EQ(listener_.Count("s"), 0);
  const int changed = listener_.Count("r");
  ASSERT_OK(writer_->Delete("r", 7));
  EXPECT_TRUE(listener_.Hears("r", changed));
}

TEST_F(EtcdFollowTest, AFailureIsToldAgainUntilItIsNone) {
  listener_.AnswerWith(absl::UnavailableError("not yet"));
  Follow(*store_);
  EXPECT_TRUE(listener_.Hears("", 3));
  listener_.AnswerWith(absl::OkStatus());
  const int before = listener_.Count("");
  EXPECT_TRUE(listener_.Hears("", before));
  const int settled = listener_.Count("");
  EXPECT_FALSE(listener_.Hears("", settled + 1, milliseconds(800)));
}

TEST_F(EtcdFollowTest, NothingIsToldAfterTheEnd) {
  Follow(*store_);
  ASSERT_TRUE(listener_.Hears("", 0));
  store_->Follow(nullptr);
  ASSERT_OK(writer_->Create(HeadOf("r")));
  EXPECT_FALSE(listener_.Hears("r", 0, milliseconds(300)));
}

TEST_F(EtcdFollowTest, ACompactionDisturbsNobody) {
  Follow(*store_);
  ASSERT_TRUE(listener_.Hears("", 0));
  ASSERT_OK(writer_->Create(HeadOf("r")));
  for (uint64_t epoch = 2; epoch < 12; ++epoch) {
    ASSERT_OK(writer_->Apply(CommitOf("r", epoch, {NodeOf("a")})));
    const std::string revision = std::to_string(NewestRevision());
    const std::string answer = EtcdProcess::Shared().Post(
        "/v3/kv/compaction", "{\"revision\":" + revision + "}");
    EXPECT_NE(answer.find("200 OK"), std::string::npos) << answer;
    EXPECT_TRUE(listener_.Hears("r", 0));
    ASSERT_EQ(store_->Load("r")->head.epoch, epoch);
  }
}

// A gate forwards no watches, as if etcd's watches were lost.
TEST_F(EtcdFollowTest, WithoutAWatchItLooksAgainAndAgain) {
  EtcdGate gate(EtcdProcess::Shared().address());
  EtcdStore store(EtcdOptions(prefix_, {gate.address()}));
  Follow(store);
  EXPECT_TRUE(listener_.Hears("", 3));
  EXPECT_TRUE(store.up());
}

TEST_F(EtcdFollowTest, AnEtcdThatDiesIsNoticedAndFollowedWhenItIsBack) {
  EtcdProcess etcd;
  EtcdStore store(EtcdOptions(prefix_, {etcd.address()}, seconds(1)));
  EtcdStore writer(EtcdOptions(prefix_, {etcd.address()}));
  Follow(store);
  ASSERT_TRUE(listener_.Hears("", 0));
  ASSERT_OK(writer.Create(HeadOf("r")));
  for (const bool paused : {false, true}) {
    paused ? etcd.Pause() : etcd.Kill();
    EXPECT_TRUE(Becomes(store, false)) << paused;
    const int all = listener_.Count("");
    paused ? etcd.Resume() : etcd.Start();
    // A watch that survived the pause continues.
    EXPECT_TRUE(paused || listener_.Hears("", all));
    // Notified by the watch, or by a scan of all rings if the watch is not open
    // yet.
    const int any = listener_.Count("any");
    ASSERT_OK(writer.Apply(CommitOf("r", paused ? 3 : 2, {NodeOf("a")})));
    EXPECT_TRUE(listener_.Hears("any", any)) << paused;
    EXPECT_TRUE(Becomes(store, true)) << paused;
  }
}

TEST_F(EtcdFollowTest, OneEndpointThatAnswersIsEnough) {
  const std::string etcd = EtcdProcess::Shared().address();
  EtcdStore store(EtcdOptions(prefix_, {"127.0.0.1:1", etcd, "127.0.0.1:2"}));
  Follow(store);
  ASSERT_TRUE(listener_.Hears("", 0));
  ASSERT_OK(store.Create(HeadOf("r")));
  for (uint64_t epoch = 2; epoch < 5; ++epoch) {
    const int any = listener_.Count("any");
    ASSERT_OK(writer_->Apply(CommitOf("r", epoch, {NodeOf("a")})));
    EXPECT_TRUE(listener_.Hears("any", any));
  }
  EXPECT_TRUE(store.up());
}

}  // namespace
}  // namespace clockwise
