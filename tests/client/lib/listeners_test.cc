#include "client/lib/listeners.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "service/runtime/mutex.h"
#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

using client::Listeners;
using client::RingViewPtr;

RingViewPtr View(size_t nodes, uint64_t epoch) {
  return std::make_shared<const client::RingView>(
      NewRing(HashedSpec(10), NewNodes(nodes)), epoch, 7, nullptr);
}

class ListenersTest : public ::testing::Test {
 protected:
  void Publish(RingViewPtr view) {
    {
      MutexLock lock(mu_);
      mirror_ = std::move(view);
    }
    listeners_.Wake();
  }

  RingViewPtr Mirror() {
    MutexLock lock(mu_);
    return mirror_;
  }

  Mutex mu_;
  RingViewPtr mirror_ ABSL_GUARDED_BY(mu_);
  std::atomic<uint64_t> kept_ = 0;
  Listeners listeners_{
      [this] { return Mirror(); },
      [this](const RingViewPtr& view) { kept_ = view->epoch(); }};
};

TEST_F(ListenersTest, AreToldOfWhatTheyOwnAndThenOfChanges) {
  std::promise<RingEvent> first, second;
  int calls = 0;
  const Subscription subscription =
      listeners_.Add("node-0", [&](const RingEvent& event) {
        (++calls == 1 ? first : second).set_value(event);
      });
  Publish(View(1, 3));
  const RingEvent all = first.get_future().get();
  EXPECT_EQ(all.from_epoch, 0u);
  EXPECT_EQ(all.epoch, 3u);
  EXPECT_EQ(all.gained.size(), 1u);
  EXPECT_EQ(kept_, 3u) << "the file is written before the call";
  Publish(View(2, 4));
  const RingEvent less = second.get_future().get();
  EXPECT_EQ(less.from_epoch, 3u);
  EXPECT_TRUE(less.gained.empty());
  EXPECT_FALSE(less.lost.empty());
}

TEST_F(ListenersTest, WhatHappensDuringACallComesTogether) {
  std::promise<void> entered, go_on, done;
  std::vector<std::pair<uint64_t, uint64_t>> told;
  const Subscription subscription =
      listeners_.Add("node-0", [&](const RingEvent& event) {
        told.emplace_back(event.from_epoch, event.epoch);
        if (told.size() == 1) {
          entered.set_value();
          go_on.get_future().wait();
        }
        if (event.epoch == 9) done.set_value();
      });
  Publish(View(1, 1));
  entered.get_future().wait();
  for (uint64_t epoch = 2; epoch < 10; ++epoch) Publish(View(epoch, epoch));
  go_on.set_value();
  done.get_future().wait();
  EXPECT_EQ(told, (std::vector<std::pair<uint64_t, uint64_t>>{{0, 1}, {1, 9}}));
}

TEST_F(ListenersTest, OneThatIsGoneIsCalledNoMore) {
  std::atomic<bool> in_call = false;
  std::promise<void> entered;
  std::atomic<int> calls = 0;
  auto subscription = std::make_unique<Subscription>(
      listeners_.Add("node-0", [&](const RingEvent&) {
        in_call = true;
        if (++calls == 1) entered.set_value();
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        in_call = false;
      }));
  Publish(View(1, 1));
  entered.get_future().wait();
  subscription.reset();
  EXPECT_FALSE(in_call) << "the destructor did not wait for the call";
  const int before = calls;
  std::promise<void> other;
  const Subscription next =
      listeners_.Add("node-0", [&](const RingEvent& event) {
        if (event.epoch == 1) other.set_value();
      });
  other.get_future().wait();
  Publish(View(2, 2));
  EXPECT_EQ(calls, before);
}

TEST_F(ListenersTest, OneMayEndItself) {
  std::promise<void> done;
  Subscription subscription;
  subscription = listeners_.Add("node-0", [&](const RingEvent&) {
    subscription = Subscription();
    done.set_value();
  });
  Publish(View(1, 1));
  done.get_future().wait();
  Publish(View(2, 2));
}

}  // namespace
}  // namespace clockwise
