#include "service/runtime/work_queue.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <semaphore>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace clockwise {
namespace {

constexpr auto kNormal = WorkQueue::Priority::kNormal;

TEST(WorkQueueTest, RunsOneKeyInOrderAndAllBeforeItIsDestroyed) {
  std::vector<int> ran;
  std::atomic<int> at_once = 0;
  {
    WorkQueue queue(/*threads=*/4, /*capacity=*/1000, kNormal);
    for (int i = 0; i < 500; ++i) {
      ASSERT_TRUE(queue.Add("a", [&, i] {
        EXPECT_EQ(++at_once, 1);
        ran.push_back(i);
        --at_once;
      }));
    }
  }
  ASSERT_EQ(ran.size(), 500u);
  for (int i = 0; i < 500; ++i) EXPECT_EQ(ran[i], i);
}

TEST(WorkQueueTest, OtherKeysDoNotWaitForALongOne) {
  std::counting_semaphore<> go_on(0);
  std::counting_semaphore<> ran(0);
  WorkQueue queue(/*threads=*/2, /*capacity=*/10, kNormal);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(queue.Add("long", [&] { go_on.acquire(); }));
  }
  for (const char* key : {"b", "c", "d"}) {
    ASSERT_TRUE(queue.Add(key, [&] { ran.release(); }));
  }
  for (int i = 0; i < 3; ++i) ran.acquire();
  go_on.release(3);
}

TEST(WorkQueueTest, AsManyKeysRunAtOnceAsThereAreThreads) {
  std::counting_semaphore<> running(0);
  std::counting_semaphore<> go_on(0);
  WorkQueue queue(/*threads=*/3, /*capacity=*/3, kNormal);
  for (const char* key : {"a", "b", "c"}) {
    ASSERT_TRUE(queue.Add(key, [&] {
      running.release();
      go_on.acquire();
    }));
  }
  for (int i = 0; i < 3; ++i) running.acquire();
  go_on.release(3);
}

TEST(WorkQueueTest, AKeyWithMuchWorkTakesTurnsWithTheOthers) {
  std::binary_semaphore begin(0);
  std::vector<std::string> ran;
  {
    WorkQueue queue(/*threads=*/1, /*capacity=*/10, kNormal);
    ASSERT_TRUE(queue.Add("first", [&] { begin.acquire(); }));
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(queue.Add("a", [&] { ran.emplace_back("a"); }));
    }
    ASSERT_TRUE(queue.Add("b", [&] { ran.emplace_back("b"); }));
    begin.release();
  }
  EXPECT_EQ(ran, (std::vector<std::string>{"a", "b", "a", "a"}));
}

TEST(WorkQueueTest, KeysShareThePlaces) {
  std::vector<std::string> ran;
  std::vector<std::string> dropped;
  {
    std::binary_semaphore running(0);
    std::binary_semaphore go_on(0);
    WorkQueue queue(/*threads=*/1, /*capacity=*/4, kNormal);
    const auto add = [&](const std::string& key, const std::string& name) {
      return queue.Add(
          key, [&ran, name] { ran.push_back(name); },
          [&dropped, name] { dropped.push_back(name); });
    };
    ASSERT_TRUE(queue.Add("first", [&] {
      running.release();
      go_on.acquire();
    }));
    running.acquire();  // it has left the queue
    for (const char* name : {"a1", "a2", "a3", "a4"}) {
      EXPECT_TRUE(add("a", name));
    }
    EXPECT_FALSE(add("a", "a5"));
    EXPECT_TRUE(add("b", "b1"));
    EXPECT_TRUE(add("b", "b2"));
    EXPECT_FALSE(add("b", "b3"));  // each has two places
    EXPECT_TRUE(add("c", "c1"));
    EXPECT_FALSE(add("c", "c2"));
    go_on.release();
  }
  EXPECT_EQ(dropped, (std::vector<std::string>{"a4", "a3", "a2"}));
  EXPECT_EQ(ran, (std::vector<std::string>{"a1", "b1", "c1", "b2"}));
}

TEST(WorkQueueTest, ThreadsOfLowPriorityGetLess) {
  const auto nice_of = [](WorkQueue::Priority priority) {
    std::atomic<int> nice = 0;
    {
      WorkQueue queue(/*threads=*/1, /*capacity=*/1, priority);
      EXPECT_TRUE(queue.Add("a", [&] { nice = getpriority(PRIO_PROCESS, 0); }));
    }
    return nice.load();
  };
  const int own = getpriority(PRIO_PROCESS, 0);
  EXPECT_EQ(nice_of(kNormal), own);
  EXPECT_EQ(nice_of(WorkQueue::Priority::kLow), std::min(own + 5, 19));
}

}  // namespace
}  // namespace clockwise
