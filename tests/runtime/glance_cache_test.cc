#include "service/runtime/glance_cache.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "gtest/gtest.h"
#include "service/runtime/mutex.h"

namespace clockwise {
namespace {

// A value whose number changes when it is destroyed.
struct Mortal {
  explicit Mortal(uint64_t its_number) : number(its_number) {}
  ~Mortal() { number = ~uint64_t{0}; }
  volatile uint64_t number;
};
using MortalPtr = std::shared_ptr<const Mortal>;

// One value that is read through a cache. It counts the reads that the cache
// does not serve.
class Cell {
 public:
  void Set(MortalPtr value) {
    {
      MutexLock lock(mu_);
      value.swap(value_);
    }
    glances_.Invalidate();
  }
  const MortalPtr& Glance() const {
    return glances_.Get(std::monostate(), [this] {
      ++reads;
      MutexLock lock(mu_);
      return value_;
    });
  }

  mutable std::atomic<int> reads = 0;

 private:
  mutable Mutex mu_;
  MortalPtr value_ ABSL_GUARDED_BY(mu_);
  GlanceCache<Mortal> glances_;
};

MortalPtr NewMortal(uint64_t number) {
  return std::make_shared<const Mortal>(number);
}

TEST(GlanceCacheTest, ReadsOnceForEachChange) {
  Cell cell;
  EXPECT_EQ(cell.Glance(), nullptr);
  for (uint64_t number = 1; number <= 3; ++number) {
    cell.Set(NewMortal(number));
    cell.reads = 0;
    for (int i = 0; i < 10; ++i) EXPECT_EQ(cell.Glance()->number, number);
    EXPECT_EQ(cell.reads, 1);
  }
}

TEST(GlanceCacheTest, OneCacheIsNotTakenForAnother) {
  Cell first;
  Cell second;
  first.Set(NewMortal(1));
  second.Set(NewMortal(2));
  EXPECT_EQ(first.Glance()->number, 1u);
  EXPECT_EQ(second.Glance()->number, 2u);
  EXPECT_EQ(first.Glance()->number, 1u);
}

TEST(GlanceCacheTest, ACacheAtTheAddressOfAnOlderOneIsNotTakenForIt) {
  std::optional<Cell> cell;
  for (uint64_t number = 0; number < 3; ++number) {
    cell.emplace();
    cell->Set(NewMortal(number));
    EXPECT_EQ(cell->Glance()->number, number);
  }
}

TEST(GlanceCacheTest, OneKeyIsNotTakenForAnother) {
  const GlanceCache<std::string, std::string> glances;
  const auto value_of = [&](const std::string& key) {
    return *glances.Get(
        key, [&] { return std::make_shared<const std::string>(key); });
  };
  EXPECT_EQ(value_of("a"), "a");
  EXPECT_EQ(value_of("b"), "b");
  EXPECT_EQ(value_of("a"), "a");
}

TEST(GlanceCacheTest, NoValueIsReadAgainEachTime) {
  Cell cell;
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(cell.Glance(), nullptr);
    EXPECT_EQ(cell.reads, i);
  }
}

TEST(GlanceCacheTest, AValueLivesUntilTheThreadReadsAgain) {
  Cell cell;
  cell.Set(NewMortal(1));
  const MortalPtr& glanced = cell.Glance();
  cell.Set(NewMortal(2));
  EXPECT_EQ(glanced->number, 1u);
  EXPECT_EQ(cell.Glance()->number, 2u);
}

TEST(GlanceCacheTest, ReadersSeeLivingValuesThatNeverGoBack) {
  Cell cell;
  cell.Set(NewMortal(0));
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> wrong = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      uint64_t last = 0;
      while (!stop) {
        const MortalPtr& glanced = cell.Glance();
        std::this_thread::yield();  // the value could be destroyed now
        const uint64_t now = glanced->number;
        if (now == ~uint64_t{0} || now < last) ++wrong;
        last = now;
      }
    });
  }
  for (uint64_t i = 1; i <= 3000; ++i) cell.Set(NewMortal(i));
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(cell.Glance()->number, 3000u);
}

}  // namespace
}  // namespace clockwise
