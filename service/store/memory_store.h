// MemoryStore is a store that forgets: rings last as long as it does.
//
// Thread-safe. Several Memberships may share one, as replicas share an etcd.
// It is never full and always up.
#ifndef CLOCKWISE_SERVICE_STORE_MEMORY_STORE_H_
#define CLOCKWISE_SERVICE_STORE_MEMORY_STORE_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "service/runtime/mutex.h"
#include "service/store/store.h"

namespace clockwise {

class MemoryStore : public Store {
 public:
  absl::StatusOr<std::vector<StoredRing>> LoadAll() override;
  absl::StatusOr<StoredRing> Load(absl::string_view ring) override;
  absl::StatusOr<RingHead> Head(absl::string_view ring) override;
  [[nodiscard]] absl::Status Import(const StoredRing& ring) override;
  [[nodiscard]] absl::Status Delete(absl::string_view ring,
                                    uint64_t incarnation) override;
  [[nodiscard]] absl::Status Apply(const Commit& commit) override;
  bool up() const override { return true; }

 private:
  Mutex mu_;
  std::map<std::string, StoredRing, std::less<>> rings_ ABSL_GUARDED_BY(mu_);
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_MEMORY_STORE_H_
