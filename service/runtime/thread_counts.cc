#include "service/runtime/thread_counts.h"

#include <bit>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "service/runtime/mutex.h"

namespace clockwise {
namespace {

// The numbers that no thread has, as bits. No thread owns number 0. A number
// passes from thread to thread under the lock, so the next thread sees the
// counts of the last.
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

// Returns the number when its thread ends.
struct ThreadNumberHolder {
  uint32_t number = ThreadNumber::kShared;

  ~ThreadNumberHolder() {
    // Later counts of the ending thread use the shared row.
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
  // Another thread may have created the shared row.
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
