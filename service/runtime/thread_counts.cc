#include "service/runtime/thread_counts.h"

#include <bit>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "service/runtime/mutex.h"

namespace clockwise {
namespace {

// The numbers that no thread has; 0 is nobody's. A number passes from thread to
// thread under the lock, so that the next one sees what the last one counted.
struct FreeNumbers {
  Mutex mu;
  uint64_t free ABSL_GUARDED_BY(mu) = ~uint64_t{1};
};
static_assert(ThreadNumber::kMost == 64, "one bit each");

FreeNumbers& Numbers() {
  static auto* const numbers = new FreeNumbers();  // outlives all threads
  return *numbers;
}

}  // namespace

// Gives the thread's number back when the thread ends.
struct ThreadNumberHolder {
  uint32_t number = ThreadNumber::kShared;

  ~ThreadNumberHolder() {
    // Whoever counts later, while the thread goes, shares.
    ThreadNumber::number_ = ThreadNumber::kShared;
    if (number == ThreadNumber::kShared) return;
    FreeNumbers& numbers = Numbers();
    MutexLock lock(numbers.mu);
    numbers.free |= uint64_t{1} << number;
  }
};

uint32_t ThreadNumber::Take() {
  static thread_local ThreadNumberHolder holder;
  FreeNumbers& numbers = Numbers();
  MutexLock lock(numbers.mu);
  if (numbers.free != 0) {
    holder.number = static_cast<uint32_t>(std::countr_zero(numbers.free));
    numbers.free &= numbers.free - 1;
  }
  number_ = holder.number;
  return number_;
}

ThreadCounts::~ThreadCounts() {
  for (const auto& row : rows_) delete[] row.load();
}

ThreadCounts::Cell* ThreadCounts::MakeRow(uint32_t thread) {
  auto made = std::make_unique<Cell[]>(cells_);
  Cell* row = nullptr;
  // The shared row may be another's by now.
  if (rows_[thread].compare_exchange_strong(row, made.get(),
                                            std::memory_order_acq_rel)) {
    row = made.release();
  }
  return row;
}

uint64_t ThreadCounts::Sum(size_t cell) const {
  uint64_t sum = 0;
  for (const auto& row : rows_) {
    const Cell* cells = row.load(std::memory_order_acquire);
    if (cells != nullptr) sum += cells[cell].load(std::memory_order_relaxed);
  }
  return sum;
}

}  // namespace clockwise
