#include "service/runtime/periodic_task.h"

#include <atomic>
#include <future>
#include <semaphore>
#include <vector>

#include "gtest/gtest.h"

namespace clockwise {
namespace {

using Clock = PeriodicTask::Clock;

TEST(PeriodicTaskTest, RunsAtOnceAndThenAtTheTimesThatItReturns) {
  constexpr std::chrono::milliseconds kPause(20);
  std::vector<Clock::time_point> runs;
  std::binary_semaphore third(0);
  {
    PeriodicTask task([&](const std::stop_token&) {
      runs.push_back(Clock::now());
      if (runs.size() == 3) {
        third.release();
        return PeriodicTask::kWhenWoken;
      }
      return runs.back() + kPause;
    });
    third.acquire();
  }
  ASSERT_EQ(runs.size(), 3u);
  EXPECT_GE(runs[1] - runs[0], kPause);
  EXPECT_GE(runs[2] - runs[1], kPause);
}

TEST(PeriodicTaskTest, WakesDuringARunCauseOneMoreRun) {
  std::atomic<int> runs = 0;
  std::binary_semaphore running(0);
  std::binary_semaphore go_on(0);
  PeriodicTask task([&](const std::stop_token&) {
    ++runs;
    running.release();
    go_on.acquire();
    return PeriodicTask::kWhenWoken;
  });
  running.acquire();
  for (int i = 0; i < 10; ++i) task.Wake();
  go_on.release();
  running.acquire();  // the second run, because of the wakes
  go_on.release();
  task.Stop();
  EXPECT_EQ(runs, 2);
}

TEST(PeriodicTaskTest, AWakeEndsAWaitThatHasNoEnd) {
  std::counting_semaphore<> runs(0);
  PeriodicTask task([&](const std::stop_token&) {
    runs.release();
    return PeriodicTask::kWhenWoken;
  });
  runs.acquire();
  task.Wake();
  runs.acquire();
}

TEST(PeriodicTaskTest, AWakeIsForOneRunOnly) {
  constexpr std::chrono::milliseconds kPause(20);
  std::vector<Clock::time_point> runs;
  std::binary_semaphore first(0);
  std::binary_semaphore third(0);
  {
    PeriodicTask task([&](const std::stop_token&) {
      runs.push_back(Clock::now());
      if (runs.size() == 1) first.release();
      if (runs.size() == 3) third.release();
      return runs.size() == 2 ? runs.back() + kPause : PeriodicTask::kWhenWoken;
    });
    first.acquire();
    task.Wake();
    third.acquire();
  }
  EXPECT_GE(runs[2] - runs[1], kPause);
}

TEST(PeriodicTaskTest, StopEndsAWaitAndNothingRunsAfterwards) {
  std::atomic<int> runs = 0;
  std::binary_semaphore ran(0);
  PeriodicTask task([&](const std::stop_token&) {
    ++runs;
    ran.release();
    return Clock::now() + std::chrono::hours(1);
  });
  ran.acquire();
  task.Stop();
  task.Wake();
  task.Stop();  // does nothing
  EXPECT_EQ(runs, 1);
}

TEST(PeriodicTaskTest, ABlockedStepIsToldToStop) {
  std::binary_semaphore running(0);
  PeriodicTask task([&](const std::stop_token& stop) {
    std::promise<void> stopped;
    const std::stop_callback tell(stop, [&] { stopped.set_value(); });
    running.release();
    stopped.get_future().wait();
    return Clock::now();
  });
  running.acquire();
  task.Stop();
}

}  // namespace
}  // namespace clockwise
