#include "service/store/etcd/etcd_store.h"

#include <utility>

#include "service/store/etcd/follower.h"
#include "service/store/etcd/values.h"

namespace clockwise {

EtcdStore::EtcdStore(Options options)
    : options_(std::move(options)),
      keys_(options_.prefix),
      client_(options_.client) {}

EtcdStore::~EtcdStore() = default;

void EtcdStore::Follow(Changed changed) {
  follower_.reset();
  if (changed) {
    follower_ = std::make_unique<EtcdFollower>(client_, keys_, changed);
  }
}

void EtcdStore::Remember(absl::string_view ring, Known known) {
  auto shared = std::make_shared<const Known>(std::move(known));
  MutexLock lock(mu_);
  known_[std::string(ring)] = std::move(shared);
}

void EtcdStore::Forget(absl::string_view ring) {
  MutexLock lock(mu_);
  if (const auto at = known_.find(ring); at != known_.end()) known_.erase(at);
}

EtcdStore::KnownPtr EtcdStore::Recall(absl::string_view ring) {
  MutexLock lock(mu_);
  const auto at = known_.find(ring);
  return at == known_.end() ? nullptr : at->second;
}

void EtcdStore::Advance(absl::string_view ring, Known read,
                        const std::vector<v1::ChangeRecord>& records) {
  const KnownPtr known = Recall(ring);
  const size_t partitions = PartitionsOf(read.head.spec());
  if (partitions > 0) {
    if (known == nullptr ||
        known->head.incarnation() != read.head.incarnation()) {
      return;
    }
    uint64_t epoch = known->head.epoch();
    read.table = known->table;
    for (const v1::ChangeRecord& record : records) {
      if (record.change().epoch() <= epoch) continue;
      if (record.change().epoch() - 1 != epoch ||
          !Move(record.partitions(), Direction::kForward, partitions,
                read.table)
               .ok()) {
        return Forget(ring);
      }
      ++epoch;
    }
    if (epoch != read.head.epoch()) return Forget(ring);
  }
  Remember(ring, std::move(read));
}

uint64_t EtcdStore::Draw() {
  uint64_t number = 0;
  while (number == 0) number = options_.random();
  return number;
}

}  // namespace clockwise
