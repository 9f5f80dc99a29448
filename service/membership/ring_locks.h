// RingLocks holds the locks of each ring, so that changes of different rings do
// not wait for each other. Thread-safe.
#ifndef CLOCKWISE_SERVICE_MEMBERSHIP_RING_LOCKS_H_
#define CLOCKWISE_SERVICE_MEMBERSHIP_RING_LOCKS_H_

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "service/runtime/mutex.h"

namespace clockwise {

// The locks of one ring. `turn` is locked before `state`. No thread holds the
// locks of two rings.
struct RingLock {
  explicit RingLock(std::string name) : ring(std::move(name)) {}

  const std::string ring;
  // Held by a change from its plan to its reply, so that the changes of this
  // server do not race each other. A plan can take seconds.
  Mutex turn;
  // Held while the newest state is compared with the store, committed or
  // published. Never held during a plan.
  Mutex state;
};

class RingLocks {
 public:
  // Returns the locks of `ring`, which need not exist. All callers get the same
  // locks while any of them keeps the pointer.
  std::shared_ptr<RingLock> Of(const std::string& ring) {
    MutexLock lock(mu_);
    if (locks_.size() >= sweep_at_) {
      std::erase_if(locks_, [](const auto& at) { return at.second.expired(); });
      sweep_at_ = std::max(kLeastSweep, 2 * locks_.size());
    }
    std::weak_ptr<RingLock>& known = locks_[ring];
    std::shared_ptr<RingLock> found = known.lock();
    if (found == nullptr) {
      found = std::make_shared<RingLock>(ring);
      known = found;
    }
    return found;
  }

 private:
  // Locks that no caller keeps are removed when there are this many.
  static constexpr size_t kLeastSweep = 64;

  Mutex mu_;
  std::map<std::string, std::weak_ptr<RingLock>> locks_ ABSL_GUARDED_BY(mu_);
  size_t sweep_at_ ABSL_GUARDED_BY(mu_) = kLeastSweep;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_MEMBERSHIP_RING_LOCKS_H_
