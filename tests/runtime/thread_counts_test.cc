// Counters that many threads increment at once.
#include "service/runtime/thread_counts.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace clockwise {
namespace {

TEST(ThreadCountsTest, NothingIsLostWhateverTheNumberOfThreads) {
  ThreadCounts counts(3);
  counts.Add(2, 5);
  // More threads than numbers at once, and then new threads after they ended.
  constexpr int kThreads = 100;
  for (int round = 0; round < 2; ++round) {
    std::atomic<int> there = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        counts.Add(0);
        ++there;
        while (there < kThreads) std::this_thread::yield();
        for (int k = 1; k < 1000; ++k) counts.Add(0);
        counts.Add(1, 2);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(counts.Sum(0), 2u * kThreads * 1000);
  EXPECT_EQ(counts.Sum(1), 2u * kThreads * 2);
  EXPECT_EQ(counts.Sum(2), 5u);
}

}  // namespace
}  // namespace clockwise
