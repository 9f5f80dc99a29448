#include "service/runtime/work_queue.h"

#include <atomic>
#include <semaphore>
#include <vector>

#include "gtest/gtest.h"

namespace clockwise {
namespace {

TEST(WorkQueueTest, RunsInTheOrderOfAddingAndAllBeforeItIsDestroyed) {
  std::vector<int> ran;
  {
    std::binary_semaphore begin(0);
    WorkQueue queue(/*threads=*/1, /*capacity=*/10);
    ASSERT_TRUE(queue.Add([&] { begin.acquire(); }));
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(queue.Add([&ran, i] { ran.push_back(i); }));
    }
    begin.release();
  }
  EXPECT_EQ(ran, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(WorkQueueTest, RefusesWorkWhenItIsFull) {
  std::atomic<int> ran = 0;
  {
    std::binary_semaphore running(0);
    std::binary_semaphore go_on(0);
    WorkQueue queue(/*threads=*/1, /*capacity=*/2);
    ASSERT_TRUE(queue.Add([&] {
      running.release();
      go_on.acquire();
    }));
    running.acquire();  // it has left the queue
    EXPECT_TRUE(queue.Add([&] { ++ran; }));
    EXPECT_TRUE(queue.Add([&] { ++ran; }));
    EXPECT_FALSE(queue.Add([&] { ran += 100; }));
    go_on.release();
  }
  EXPECT_EQ(ran, 2);
}

TEST(WorkQueueTest, AsManyRunAtOnceAsThereAreThreads) {
  std::counting_semaphore<> running(0);
  std::counting_semaphore<> go_on(0);
  WorkQueue queue(/*threads=*/3, /*capacity=*/3);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(queue.Add([&] {
      running.release();
      go_on.acquire();
    }));
  }
  for (int i = 0; i < 3; ++i) running.acquire();
  go_on.release(3);
}

}  // namespace
}  // namespace clockwise
