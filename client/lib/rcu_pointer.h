// A pointer to a value that one thread replaces and all read, without a lock:
// readers never wait, and never for each other. Thread-safe.
//
// std::atomic<std::shared_ptr> would take a lock inside, for a moment, on each
// read. This is sleepable RCU (McKenney, "Sleepable RCU", 2006): a reader
// counts itself in before it looks and out after; who replaces the value waits,
// before it lets go of the old one, until each of the two counts was seen at
// zero. New readers use the other count meanwhile, so that this comes to an
// end.
#ifndef CLOCKWISE_CLIENT_LIB_RCU_POINTER_H_
#define CLOCKWISE_CLIENT_LIB_RCU_POINTER_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

namespace clockwise::client {

template <typename T>
class RcuPointer {
 public:
  RcuPointer() = default;
  // No reader is left.
  ~RcuPointer() { delete current_.load(); }
  RcuPointer(const RcuPointer&) = delete;
  RcuPointer& operator=(const RcuPointer&) = delete;

  // Calls `look` with the value, null if there is none yet, which stays for as
  // long as that takes, and returns what it returns.
  template <typename Look>
  auto Read(Look look) const {
    Counts& counts = counts_[ShardOfThisThread()];
    const size_t side = side_.load() & 1;
    counts.readers[side].fetch_add(1);
    const Out out{counts.readers[side]};
    const std::shared_ptr<const T>* now = current_.load();
    return look(now == nullptr ? kNone : *now);
  }

  // The value, to keep.
  std::shared_ptr<const T> Get() const {
    return Read([](const std::shared_ptr<const T>& now) { return now; });
  }

  // The same without counting a reference: this thread's own, which stays what
  // it is until it glances at a RcuPointer<T> again. So a thread that glances
  // no more keeps an old value alive.
  const std::shared_ptr<const T>& Glance() const {
    thread_local Glanced seen;
    // The version first: a value that is newer than its version is only looked
    // for once more.
    const uint64_t version = version_.load(std::memory_order_acquire);
    if (seen.of != id_ || seen.version != version) {
      seen = {id_, version, Get()};
    }
    return seen.value;
  }

  // One thread at a time. Returns when nobody reads the old value any more.
  void Set(std::shared_ptr<const T> value) {
    const auto* old =
        current_.exchange(new std::shared_ptr<const T>(std::move(value)));
    version_.fetch_add(1, std::memory_order_release);
    for (int i = 0; i < 2; ++i) {
      const size_t side = side_.fetch_add(1) & 1;
      for (const Counts& counts : counts_) {
        while (counts.readers[side].load() != 0) std::this_thread::yield();
      }
    }
    delete old;
  }

 private:
  static constexpr size_t kShards = 16;  // so that readers seldom share a line
  static inline const std::shared_ptr<const T> kNone;

  struct alignas(64) Counts {
    std::array<std::atomic<uint64_t>, 2> readers{};
  };
  struct Out {
    std::atomic<uint64_t>& count;
    ~Out() { count.fetch_sub(1); }
  };

  struct Glanced {
    uint64_t of = 0;  // an id; no RcuPointer has this one
    uint64_t version = 0;
    std::shared_ptr<const T> value;
  };
  // Another one may come to lie where this was.
  static uint64_t NewId() {
    static std::atomic<uint64_t> last = 0;
    return ++last;
  }

  static size_t ShardOfThisThread() {
    thread_local const size_t shard =
        std::hash<std::thread::id>()(std::this_thread::get_id()) % kShards;
    return shard;
  }

  std::atomic<const std::shared_ptr<const T>*> current_ = nullptr;
  std::atomic<uint64_t> side_ = 0;
  const uint64_t id_ = NewId();
  std::atomic<uint64_t> version_ = 0;  // how often it was set
  mutable std::array<Counts, kShards> counts_;
};

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_RCU_POINTER_H_
