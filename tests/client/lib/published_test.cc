#include "client/lib/published.h"

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace clockwise::client {
namespace {

// Says of itself that it is gone once it is.
struct Mortal {
  explicit Mortal(uint64_t its_number) : number(its_number) {}
  ~Mortal() { number = ~uint64_t{0}; }
  volatile uint64_t number;
};

TEST(PublishedTest, BeforeTheFirstValueThereIsNone) {
  Published<int> published;
  EXPECT_EQ(published.Get(), nullptr);
  published.Set(std::make_shared<const int>(3));
  EXPECT_EQ(*published.Get(), 3);
}

TEST(PublishedTest, WhatWasTakenStays) {
  Published<Mortal> published;
  published.Set(std::make_shared<const Mortal>(1));
  const auto taken = published.Get();
  published.Set(std::make_shared<const Mortal>(2));
  EXPECT_EQ(taken->number, 1u);
  EXPECT_EQ(published.Get()->number, 2u);
}

TEST(PublishedTest, ReadersSeeLivingValuesThatNeverGoBack) {
  Published<Mortal> published;
  published.Set(std::make_shared<const Mortal>(0));
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> wrong = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&, i] {
      uint64_t last = 0;
      while (!stop) {
        const uint64_t now =
            i % 2 == 0 ? published.Read([](const std::shared_ptr<const Mortal>&
                                               value) {
              std::this_thread::yield();  // so that it could die meanwhile
              return uint64_t{value->number};
            })
                       : uint64_t{published.Get()->number};
        if (now == ~uint64_t{0} || now < last) ++wrong;
        last = now;
      }
    });
  }
  for (uint64_t i = 1; i <= 3000; ++i) {
    published.Set(std::make_shared<const Mortal>(i));
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(published.Get()->number, 3000u);
}

}  // namespace
}  // namespace clockwise::client
