#include "service/runtime/work_queue.h"

#include <atomic>
#include <semaphore>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace clockwise {
namespace {

TEST(WorkQueueTest, RunsOneKeyInOrderAndAllBeforeItIsDestroyed) {
  std::vector<int> ran;
  std::atomic<int> at_once = 0;
  {
    WorkQueue queue(/*threads=*/4, /*capacity=*/1000,
                    /*capacity_of_key=*/1000);
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
  WorkQueue queue(/*threads=*/2, /*capacity=*/10, /*capacity_of_key=*/10);
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
  WorkQueue queue(/*threads=*/3, /*capacity=*/3, /*capacity_of_key=*/3);
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
    WorkQueue queue(/*threads=*/1, /*capacity=*/10,
                    /*capacity_of_key=*/10);
    ASSERT_TRUE(queue.Add("first", [&] { begin.acquire(); }));
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(queue.Add("a", [&] { ran.emplace_back("a"); }));
    }
    ASSERT_TRUE(queue.Add("b", [&] { ran.emplace_back("b"); }));
    begin.release();
  }
  EXPECT_EQ(ran, (std::vector<std::string>{"a", "b", "a", "a"}));
}

TEST(WorkQueueTest, OneKeyDoesNotTakeAllPlaces) {
  std::atomic<int> ran = 0;
  {
    std::binary_semaphore running(0);
    std::binary_semaphore go_on(0);
    WorkQueue queue(/*threads=*/1, /*capacity=*/3, /*capacity_of_key=*/2);
    ASSERT_TRUE(queue.Add("a", [&] {
      running.release();
      go_on.acquire();
    }));
    running.acquire();  // it has left the queue
    EXPECT_TRUE(queue.Add("a", [&] { ++ran; }));
    EXPECT_TRUE(queue.Add("a", [&] { ++ran; }));
    EXPECT_FALSE(queue.Add("a", [&] { ran += 100; }));
    EXPECT_TRUE(queue.Add("b", [&] { ++ran; }));
    EXPECT_FALSE(queue.Add("c", [&] { ran += 100; }));
    go_on.release();
  }
  EXPECT_EQ(ran, 3);
}

}  // namespace
}  // namespace clockwise
