#include "client/lib/rcu_pointer.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
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

TEST(RcuPointerTest, BeforeTheFirstValueThereIsNone) {
  RcuPointer<int> published;
  EXPECT_EQ(published.Get(), nullptr);
  published.Set(std::make_shared<const int>(3));
  EXPECT_EQ(*published.Get(), 3);
}

TEST(RcuPointerTest, WhatWasTakenStays) {
  RcuPointer<Mortal> published;
  published.Set(std::make_shared<const Mortal>(1));
  const auto taken = published.Get();
  published.Set(std::make_shared<const Mortal>(2));
  EXPECT_EQ(taken->number, 1u);
  EXPECT_EQ(published.Get()->number, 2u);
}

TEST(RcuPointerTest, AGlanceSeesWhatIsNewestWhicheverIsGlancedAt) {
  RcuPointer<int> first, second;
  EXPECT_EQ(first.Glance(), nullptr);
  first.Set(std::make_shared<const int>(1));
  second.Set(std::make_shared<const int>(2));
  EXPECT_EQ(*first.Glance(), 1);
  EXPECT_EQ(*second.Glance(), 2);
  EXPECT_EQ(*first.Glance(), 1);
  first.Set(std::make_shared<const int>(3));
  EXPECT_EQ(*first.Glance(), 3);
}

TEST(RcuPointerTest, AGlanceIsNotOfAnotherThatLayThere) {
  std::optional<RcuPointer<int>> published;
  for (int i = 0; i < 3; ++i) {
    published.emplace();
    published->Set(std::make_shared<const int>(i));
    EXPECT_EQ(*published->Glance(), i);
  }
}

TEST(RcuPointerTest, WhatWasGlancedAtStaysUntilTheNextGlance) {
  RcuPointer<Mortal> published;
  published.Set(std::make_shared<const Mortal>(1));
  const std::shared_ptr<const Mortal>& glanced = published.Glance();
  published.Set(std::make_shared<const Mortal>(2));
  EXPECT_EQ(glanced->number, 1u);
  EXPECT_EQ(published.Glance()->number, 2u);
}

TEST(RcuPointerTest, ReadersSeeLivingValuesThatNeverGoBack) {
  RcuPointer<Mortal> published;
  published.Set(std::make_shared<const Mortal>(0));
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> wrong = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&, i] {
      uint64_t last = 0;
      while (!stop) {
        uint64_t now = 0;
        if (i == 0) {
          now = published.Get()->number;
        } else if (i == 1) {
          const auto& glanced = published.Glance();
          std::this_thread::yield();
          now = glanced->number;
        } else {
          now = published.Read([](const std::shared_ptr<const Mortal>& value) {
            std::this_thread::yield();  // so that it could die meanwhile
            return uint64_t{value->number};
          });
        }
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
