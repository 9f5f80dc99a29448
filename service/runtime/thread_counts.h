// ThreadCounts holds counters that many threads increment without contention.
// Each thread has its own row, and a read adds up the rows. Thread-safe,
// without locks: a read may miss the newest counts of other threads, but no
// older ones. A count costs a few loads and one store.
#ifndef CLOCKWISE_SERVICE_RUNTIME_THREAD_COUNTS_H_
#define CLOCKWISE_SERVICE_RUNTIME_THREAD_COUNTS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace clockwise {

// A number of the calling thread that no other living thread has. If there are
// too many threads, the others share number 0.
class ThreadNumber {
 public:
  static constexpr uint32_t kMost = 64;
  static constexpr uint32_t kShared = 0;

  static uint32_t Get() { return number_ != kUnknown ? number_ : Take(); }

 private:
  friend struct ThreadNumberHolder;
  static constexpr uint32_t kUnknown = kMost;
  static uint32_t Take();

  static thread_local constinit inline uint32_t number_ = kUnknown;
};

class ThreadCounts {
 public:
  using Cell = std::atomic<uint64_t>;

  explicit ThreadCounts(size_t cells) : cells_(cells) {}
  ~ThreadCounts();
  ThreadCounts(const ThreadCounts&) = delete;
  ThreadCounts& operator=(const ThreadCounts&) = delete;

  // Adds `amount` to a counter; `cell` < the number of cells.
  void Add(size_t cell, uint64_t amount = 1) {
    const uint32_t thread = ThreadNumber::Get();
    Cell* row = rows_[thread].load(std::memory_order_acquire);
    if (row == nullptr) row = MakeRow(thread);
    if (thread == ThreadNumber::kShared) {
      row[cell].fetch_add(amount, std::memory_order_relaxed);
    } else {
      row[cell].store(row[cell].load(std::memory_order_relaxed) + amount,
                      std::memory_order_relaxed);
    }
  }

  // Returns the sum over all threads, including threads that have ended.
  uint64_t Sum(size_t cell) const;

 private:
  Cell* MakeRow(uint32_t thread);

  const size_t cells_;
  std::array<std::atomic<Cell*>, ThreadNumber::kMost> rows_ = {};
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RUNTIME_THREAD_COUNTS_H_
