#include "service/store/memory_store.h"

#include <string>
#include <utility>
#include <vector>

#include "service/store/store_rules.h"

namespace clockwise {

absl::StatusOr<std::vector<StoredRing>> MemoryStore::LoadAll() {
  MutexLock lock(mu_);
  std::vector<StoredRing> all;
  all.reserve(rings_.size());
  for (const auto& [name, ring] : rings_) all.push_back(ring);
  return all;
}

absl::StatusOr<StoredRing> MemoryStore::Load(absl::string_view ring) {
  MutexLock lock(mu_);
  const auto found = rings_.find(std::string(ring));
  if (found == rings_.end()) return RingNotFound(ring);
  return found->second;
}

absl::StatusOr<RingHead> MemoryStore::Head(absl::string_view ring) {
  MutexLock lock(mu_);
  const auto found = rings_.find(ring);
  if (found == rings_.end()) return RingNotFound(ring);
  return found->second.head;
}

absl::Status MemoryStore::CreateIfOpen(const StoredRing& ring,
                                       const StillOpen& open) {
  MutexLock lock(mu_);
  if (absl::Status status = CheckOpen(open); !status.ok()) return status;
  const std::string& name = ring.head.spec.name();
  if (rings_.contains(name)) return RingExists(name);
  const std::string& from = ring.head.spec.migrating_from();
  if (!from.empty() && !rings_.contains(from)) return RingNotFound(from);
  rings_[name] = ring;
  return absl::OkStatus();
}

absl::Status MemoryStore::Import(const StoredRing& stored) {
  MutexLock lock(mu_);
  const std::string& name = stored.head.spec.name();
  if (!rings_.try_emplace(name, stored).second) return RingExists(name);
  return absl::OkStatus();
}

absl::Status MemoryStore::DeleteIfOpen(const Deletion& deletion,
                                       const StillOpen& open) {
  MutexLock lock(mu_);
  absl::Status status = CheckOpen(open);
  if (!status.ok()) return status;
  const std::string& ring = deletion.ring;
  const auto found = rings_.find(ring);
  if (found == rings_.end()) return RingNotFound(ring);
  status = CheckDeletable(found->second.head, deletion);
  if (!status.ok()) return status;
  for (const auto& [name, other] : rings_) {
    if (other.head.spec.migrating_from() == ring) return RingInUse(ring, name);
  }
  if (deletion.keeps()) {
    deleted_[{ring, deletion.incarnation}] = {std::move(found->second),
                                              deletion.record};
  }
  rings_.erase(found);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<DeletedRing>> MemoryStore::Deleted() {
  MutexLock lock(mu_);
  std::vector<DeletedRing> all;
  all.reserve(deleted_.size());
  for (const auto& [id, kept] : deleted_) {
    all.push_back({kept.ring.head, kept.record});
  }
  SortDeleted(all);
  return all;
}

absl::StatusOr<StoredRing> MemoryStore::LoadDeleted(absl::string_view ring,
                                                    uint64_t incarnation) {
  MutexLock lock(mu_);
  const auto found = deleted_.find({std::string(ring), incarnation});
  if (found == deleted_.end()) return DeletedRingNotFound(ring, incarnation);
  return found->second.ring;
}

absl::Status MemoryStore::UndeleteIfOpen(const Commit& commit,
                                         const StillOpen& open) {
  MutexLock lock(mu_);
  absl::Status status = CheckOpen(open);
  if (!status.ok()) return status;
  if (rings_.contains(commit.ring)) return RingExists(commit.ring);
  const auto found = deleted_.find({commit.ring, commit.incarnation});
  if (found == deleted_.end()) {
    return DeletedRingNotFound(commit.ring, commit.incarnation);
  }
  StoredRing& ring = found->second.ring;
  status = CheckFollows(ring.head, commit);
  if (!status.ok()) return status;
  const DeletedRing deleted = {ring.head, found->second.record};
  if (const uint64_t source = RequiredSource(deleted, commit); source != 0) {
    const auto from = rings_.find(ring.head.spec.migrating_from());
    if (from == rings_.end() || from->second.head.incarnation != source) {
      return SourceIsGone(deleted);
    }
  }
  status = ApplyTo(ring, commit);
  if (!status.ok()) return status;
  rings_[commit.ring] = std::move(ring);
  deleted_.erase(found);
  return absl::OkStatus();
}

absl::Status MemoryStore::Purge(const DeletedRing& ring) {
  MutexLock lock(mu_);
  deleted_.erase({ring.head.spec.name(), ring.head.incarnation});
  return absl::OkStatus();
}

absl::Status MemoryStore::Apply(const Commit& commit) {
  MutexLock lock(mu_);
  const auto found = rings_.find(commit.ring);
  if (found == rings_.end()) return RingNotFound(commit.ring);
  absl::Status status = CheckFollows(found->second.head, commit);
  if (!status.ok()) return status;
  return ApplyTo(found->second, commit);
}

}  // namespace clockwise
