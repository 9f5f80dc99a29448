// GlanceCache lets each thread keep the immutable value that it read last.
// While no writer reports a change, a read takes no lock and counts no
// reference. Thread-safe.
//
// A thread keeps one value for each pair of types T and Key. It holds this
// value in memory until it reads again, so a thread that stops reading keeps an
// old value alive.
#ifndef CLOCKWISE_SERVICE_RUNTIME_GLANCE_CACHE_H_
#define CLOCKWISE_SERVICE_RUNTIME_GLANCE_CACHE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <variant>

namespace clockwise {

// Key is std::monostate if the cache holds one value. Otherwise it is a type
// that can be compared with the argument of Get and constructed from it.
template <typename T, typename Key = std::monostate>
class GlanceCache {
 public:
  GlanceCache() = default;
  GlanceCache(const GlanceCache&) = delete;
  GlanceCache& operator=(const GlanceCache&) = delete;

  // Returns the value of `key`: the one that this thread has kept, or the
  // result of `read()`. A null value is not kept. The reference is valid until
  // this thread reads from a GlanceCache<T, Key> again.
  template <typename Lookup, typename Read>
  const std::shared_ptr<const T>& Get(const Lookup& key, Read read) const {
    thread_local Kept kept;
    // Loaded before the value. If the value is newer than its version, the next
    // call only reads once more.
    const uint64_t version = version_.load(std::memory_order_acquire);
    if (kept.cache_id != id_ || kept.version != version || kept.key != key) {
      kept = {0, version, Key(key), read()};
      if (kept.value != nullptr) kept.cache_id = id_;
    }
    return kept.value;
  }

  // Invalidates all kept values. Call it after `read` has begun to return the
  // new one.
  void Invalidate() { version_.fetch_add(1, std::memory_order_release); }

 private:
  struct Kept {
    uint64_t cache_id = 0;  // no cache has the id 0
    uint64_t version = 0;
    Key key;
    std::shared_ptr<const T> value;
  };

  // Caches are not identified by address: a new cache may have the address of
  // an old one.
  static uint64_t NewId() {
    static std::atomic<uint64_t> last = 0;
    return ++last;
  }

  const uint64_t id_ = NewId();
  std::atomic<uint64_t> version_ = 0;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RUNTIME_GLANCE_CACHE_H_
