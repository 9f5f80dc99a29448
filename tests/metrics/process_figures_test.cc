#include "service/metrics/process_figures.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

namespace clockwise {
namespace {

// A line of Linux 6.1, with a program name that is hard to parse.
constexpr char kLine[] =
    "4242 (a) R 1 2 (b c) S 1 4242 4242 0 -1 4194304 1029 0 3 0 170 55 0 0 20 "
    "0 9 0 31415 123456789 777 18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 "
    "17 1 0 0 0 0 0 0 0 0 0 0 0 0 0";

TEST(ProcessFiguresTest, TheNameOfTheProgramMayLookLikeFields) {
  const auto stat = ParseProcessStat(kLine);
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->cpu_ticks, 170u + 55u);
  EXPECT_EQ(stat->threads, 9u);
  EXPECT_EQ(stat->start_ticks, 31415u);
  EXPECT_EQ(stat->virtual_bytes, 123456789u);
  EXPECT_EQ(stat->resident_pages, 777u);
}

TEST(ProcessFiguresTest, WhatIsNoStatLineIsNotRead) {
  const std::string line = kLine;
  for (const std::string& bad :
       {std::string(), std::string("4242 (a"), std::string("4242 (a) S 1 2"),
        line.substr(0, line.find(" 777")),
        std::string("1 (a) ") +
            "S x x x x x x x x x x x x x x x x x x x x x x x x x x"}) {
    EXPECT_FALSE(ParseProcessStat(bad).has_value()) << bad;
  }
}

TEST(ProcessFiguresTest, OpenDescriptorsAreCounted) {
  double before = 0;
  for (int fd = 0; fd < 4096; ++fd) before += ::fcntl(fd, F_GETFD) != -1;
  EXPECT_EQ(ReadProcessFigures().open_fds.value(), before);
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(ReadProcessFigures().open_fds.value(), before + 1);
  ::close(fd);
  EXPECT_EQ(ReadProcessFigures().open_fds.value(), before);
}

TEST(ProcessFiguresTest, ThreadsAreCounted) {
  const double before = ReadProcessFigures().threads.value();
  std::promise<void> done;
  std::thread thread([&] { done.get_future().wait(); });
  EXPECT_EQ(ReadProcessFigures().threads.value(), before + 1);
  done.set_value();
  thread.join();
}

TEST(ProcessFiguresTest, TheLimitOfDescriptorsIsTheSoftOne) {
  rlimit limit = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_EQ(ReadProcessFigures().max_fds.value(),
            static_cast<double>(limit.rlim_cur));
}

TEST(ProcessFiguresTest, TheProcessStartedJustNow) {
  const double now = std::chrono::duration<double>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
  const double start = ReadProcessFigures().start_time_seconds.value();
  EXPECT_LT(start, now + 2);  // btime has whole seconds
  EXPECT_GT(start, now - 600);
}

TEST(ProcessFiguresTest, MemoryIsInBytes) {
  const double before = ReadProcessFigures().resident_bytes.value();
  std::vector<char> touched(64 << 20, 'x');
  const ProcessFigures figures = ReadProcessFigures();
  EXPECT_GT(figures.resident_bytes.value(), before + (50 << 20));
  EXPECT_LT(figures.resident_bytes.value(), before + (100 << 20));
  EXPECT_GE(figures.virtual_bytes.value(), figures.resident_bytes.value());
  EXPECT_EQ(touched.back(), 'x');
}

TEST(ProcessFiguresTest, ComputingCountsAsCpuSeconds) {
  const auto start = std::chrono::steady_clock::now();
  const double before = ReadProcessFigures().cpu_seconds.value();
  // Waits for one tick. There are usually 100 ticks per second of CPU time.
  double after = before;
  while (after == before &&
         std::chrono::steady_clock::now() - start < std::chrono::seconds(30)) {
    after = ReadProcessFigures().cpu_seconds.value();
  }
  EXPECT_GT(after, before);
  EXPECT_LT(after - before, 1);
}

}  // namespace
}  // namespace clockwise
