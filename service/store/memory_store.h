// MemoryStore is a store that keeps rings in memory only. Its rings end with
// the object.
//
// Thread-safe. Several Memberships may share one MemoryStore, as several
// servers share an etcd. It never reports STORE_FULL or STORE_UNAVAILABLE,
// except for moves that do not fit a partition table.
#ifndef CLOCKWISE_SERVICE_STORE_MEMORY_STORE_H_
#define CLOCKWISE_SERVICE_STORE_MEMORY_STORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
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
  [[nodiscard]] absl::Status Apply(const Commit& commit) override;
  absl::StatusOr<std::vector<DeletedRing>> Deleted() override;
  absl::StatusOr<StoredRing> LoadDeleted(absl::string_view ring,
                                         uint64_t incarnation) override;
  [[nodiscard]] absl::Status Purge(const DeletedRing& ring) override;
  bool up() const override { return true; }

 private:
  // A deleted ring, and its deletion.
  struct Kept {
    StoredRing ring;
    stored::v1::DeletionRecord record;
  };

  [[nodiscard]] absl::Status CreateIfOpen(const StoredRing& ring,
                                          const StillOpen& open) override;
  [[nodiscard]] absl::Status DeleteIfOpen(const Deletion& deletion,
                                          const StillOpen& open) override;
  [[nodiscard]] absl::Status UndeleteIfOpen(const Commit& commit,
                                            const StillOpen& open) override;

  Mutex mu_;
  std::map<std::string, StoredRing, std::less<>> rings_ ABSL_GUARDED_BY(mu_);
  // Key: name and incarnation.
  std::map<std::pair<std::string, uint64_t>, Kept> deleted_
      ABSL_GUARDED_BY(mu_);
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_MEMORY_STORE_H_
