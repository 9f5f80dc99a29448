#include "service/rpc/epoch_waiters.h"

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "service/api/refusal.h"
#include "tests/support/serving.h"

namespace clockwise {
namespace {

class EpochWaitersTest : public Serving {
 protected:
  // Adds a call that waits, and counts it when it is rejected or answered.
  void Wait(
      EpochWaiters& waiters, const std::string& peer,
      std::function<bool()> cancelled = [] { return false; }) {
    EpochWaiters::Waiter waiter;
    waiter.ring = "default";
    waiter.peer = peer;
    waiter.min_epoch = 100;
    waiter.deadline = std::chrono::steady_clock::now() + std::chrono::hours(1);
    waiter.cancelled = std::move(cancelled);
    waiter.done = [this, peer](const absl::StatusOr<StatePtr>& result) {
      if (ReasonName(result.status()) == "OVERLOADED") {
        ++rejected_[peer];
        ++all_rejected_;
      } else {
        ++answered_;
      }
    };
    waiters.Add(std::move(waiter));
  }

  std::map<std::string, int> rejected_;  // used by the thread of the test only
  std::atomic<int> all_rejected_ = 0;
  std::atomic<int> answered_ = 0;
};

TEST_F(EpochWaitersTest, PeersShareThePlacesEqually) {
  StoreReader reader(*membership_);
  EpochWaiters waiters(*membership_, reader, 10, stats_);
  for (int i = 0; i < 20; ++i) Wait(waiters, "a");
  EXPECT_EQ(rejected_["a"], 10) << "one peer takes all free places";
  // While the calls are looked at, no place changes hands. So try often.
  for (int i = 0; i < 10'000 && rejected_["a"] < 15; ++i) Wait(waiters, "b");
  EXPECT_EQ(rejected_["a"], 15);
  for (int i = 0; i < 100; ++i) Wait(waiters, "b");
  for (int i = 0; i < 100; ++i) Wait(waiters, "a");
  EXPECT_EQ(rejected_["a"], 115) << "both have five places";
}

TEST_F(EpochWaitersTest, CallsThatAreLookedAtKeepTheirPlaces) {
  // The first look at a call adds others: meanwhile the list is empty.
  StoreReader reader(*membership_);
  std::unique_ptr<EpochWaiters> waiters;
  std::atomic<bool> began = false;
  std::atomic<bool> ended = false;
  waiters = std::make_unique<EpochWaiters>(*membership_, reader, 4, stats_);
  Wait(*waiters, "a", [&] {
    if (began.exchange(true)) return false;
    for (int i = 0; i < 10; ++i) Wait(*waiters, "b" + std::to_string(i));
    ended = true;
    return false;
  });
  while (!ended) std::this_thread::yield();
  EXPECT_EQ(all_rejected_, 7);
}

TEST_F(EpochWaitersTest, AnAnsweredCallFreesItsPlace) {
  StoreReader reader(*membership_);
  EpochWaiters waiters(*membership_, reader, 2, stats_);
  for (int i = 1; i <= 10; ++i) {
    Wait(waiters, "a", [] { return true; });
    while (answered_ < i) std::this_thread::yield();
  }
  EXPECT_EQ(all_rejected_, 0);
}

}  // namespace
}  // namespace clockwise
