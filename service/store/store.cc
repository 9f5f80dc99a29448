#include "service/store/store.h"

#include <utility>

#include "service/store/store_rules.h"

namespace clockwise {

absl::StatusOr<std::vector<RingHead>> Store::Heads() {
  auto rings = LoadAll();
  if (!rings.ok()) return rings.status();
  std::vector<RingHead> heads;
  heads.reserve(rings->size());
  for (StoredRing& ring : *rings) heads.push_back(std::move(ring.head));
  return heads;
}

absl::StatusOr<std::vector<stored::v1::ChangeRecord>> Store::ChangesAfter(
    absl::string_view ring, uint64_t incarnation, uint64_t epoch) {
  const auto head = Head(ring);
  if (!head.ok()) return head.status();
  if (head->incarnation == incarnation && head->epoch == epoch) {
    return std::vector<stored::v1::ChangeRecord>();
  }
  auto stored = Load(ring);
  if (!stored.ok()) return stored.status();
  return RecordsAfter(*std::move(stored), incarnation, epoch);
}

absl::Status Store::CreateIfOpen(const StoredRing& ring,
                                 const StillOpen& open) {
  if (absl::Status status = CheckOpen(open); !status.ok()) return status;
  return Import(ring);
}

absl::Status Store::ConfirmDeleted(absl::string_view) {
  return absl::OkStatus();
}

// The parameter is a value, because overrides keep the function.
// NOLINTNEXTLINE(performance-unnecessary-value-param)
void Store::Follow(Changed) {}

void Store::Announce(const stored::v1::ServerEntry& self) {
  MutexLock lock(self_mu_);
  self_ = self;
}

Store::ServerList Store::Servers() const {
  ServerList list;
  MutexLock lock(self_mu_);
  if (self_.instance() != 0) list.servers.push_back(self_);
  list.count = list.servers.size();
  return list;
}

}  // namespace clockwise
