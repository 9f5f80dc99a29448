// Requests huge pages for large arrays. Stateless.
#ifndef CLOCKWISE_SERVICE_RUNTIME_HUGE_PAGES_H_
#define CLOCKWISE_SERVICE_RUNTIME_HUGE_PAGES_H_

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace clockwise {

// Requests huge pages for the reserved memory of `array`, which is still empty.
// The system may ignore the request. malloc maps each array of more than 32 MiB
// from the system. One page fault per 4 KiB would take three times as long as
// all other work on it.
template <typename T>
void WantHugePages(const std::vector<T>& array) {
  constexpr size_t kFromBytes = 32ull * 1024 * 1024;
  constexpr uintptr_t kPage = 4096;
  const size_t bytes = array.capacity() * sizeof(T);
  if (bytes < kFromBytes) return;
  const auto begin =
      (reinterpret_cast<uintptr_t>(array.data()) + kPage - 1) / kPage * kPage;
  const uintptr_t end =
      (reinterpret_cast<uintptr_t>(array.data()) + bytes) / kPage * kPage;
  // The rounded address points into the array.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RUNTIME_HUGE_PAGES_H_
