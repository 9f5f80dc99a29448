#include "service/store/memory_store.h"

#include <string>
#include <utility>
#include <vector>

#include "service/store/store_rules.h"

namespace clockwise {

StoredRing MemoryStore::Copy(const Ring& ring) {
  StoredRing copy;
  copy.head = ring.head;
  copy.nodes.reserve(ring.nodes.size());
  for (const auto& [id, node] : ring.nodes) copy.nodes.push_back(node);
  copy.history.assign(ring.history.begin(), ring.history.end());
  copy.table = ring.table;
  return copy;
}

absl::StatusOr<std::vector<StoredRing>> MemoryStore::LoadAll() {
  MutexLock lock(mu_);
  std::vector<StoredRing> all;
  all.reserve(rings_.size());
  for (const auto& [name, ring] : rings_) all.push_back(Copy(ring));
  return all;
}

absl::StatusOr<StoredRing> MemoryStore::Load(absl::string_view ring) {
  MutexLock lock(mu_);
  const auto found = rings_.find(std::string(ring));
  if (found == rings_.end()) return RingNotFound(ring);
  return Copy(found->second);
}

absl::StatusOr<RingHead> MemoryStore::Head(absl::string_view ring) {
  MutexLock lock(mu_);
  const auto found = rings_.find(ring);
  if (found == rings_.end()) return RingNotFound(ring);
  return found->second.head;
}

absl::Status MemoryStore::Create(const RingHead& head) {
  MutexLock lock(mu_);
  const auto [ring, created] = rings_.try_emplace(head.spec.name());
  if (!created) return RingExists(head.spec.name());
  ring->second.head = head;
  return absl::OkStatus();
}

absl::Status MemoryStore::Delete(absl::string_view ring, uint64_t incarnation) {
  MutexLock lock(mu_);
  const auto found = rings_.find(std::string(ring));
  if (found == rings_.end()) return RingNotFound(ring);
  absl::Status status = CheckIncarnation(found->second.head, incarnation);
  if (!status.ok()) return status;
  rings_.erase(found);
  return absl::OkStatus();
}

absl::Status MemoryStore::Apply(const Commit& commit) {
  MutexLock lock(mu_);
  const auto found = rings_.find(commit.ring);
  if (found == rings_.end()) return RingNotFound(commit.ring);
  Ring& ring = found->second;
  absl::Status status = CheckFollows(ring.head, commit);
  if (!status.ok()) return status;

  status = MoveStored(commit, PartitionsOf(ring.head.spec), ring.table);
  if (!status.ok()) return status;
  const v1::Change& change = commit.record.change();
  for (const v1::Node& node : change.upserted()) ring.nodes[node.id()] = node;
  for (const std::string& id : change.removed_ids()) ring.nodes.erase(id);
  ring.history.push_back(commit.record);
  const uint64_t dropped = NewestDroppedEpoch(commit);
  while (!ring.history.empty() &&
         ring.history.front().change().epoch() <= dropped) {
    ring.history.pop_front();
  }
  ring.head.epoch = change.epoch();
  ring.head.fingerprint = change.fingerprint();
  return absl::OkStatus();
}

}  // namespace clockwise
