// Who has which state of which ring.
#include <utility>

#include "service/api/refusal.h"
#include "service/api/validate.h"
#include "service/membership/membership.h"
#include "service/ring/layout.h"
#include "service/store/store_rules.h"

namespace clockwise {

absl::Status Membership::Ready() const {
  if (loaded_) return absl::OkStatus();
  return Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                 "no ring was loaded yet: this server waits for its store, "
                 "and goes on by itself when that answers");
}

absl::StatusOr<StatePtr> Membership::Find(absl::string_view ring) const {
  const absl::string_view name = ring.empty() ? kDefaultRing : ring;
  {
    MutexLock lock(mu_);
    const auto at = rings_.find(name);
    if (at != rings_.end()) return at->second;
  }
  if (absl::Status status = Ready(); !status.ok()) return status;
  if (absl::Status status = ValidateId("ring", name); !status.ok()) {
    return status;
  }
  return RingNotFound(name);
}

uint64_t Membership::NextId() {
  static std::atomic<uint64_t> last = 0;
  return ++last;
}

absl::StatusOr<const RingState*> Membership::Glance(
    absl::string_view ring) const {
  struct Glanced {
    uint64_t membership = 0;
    uint64_t version = 0;
    std::string ring;
    StatePtr state;
  };
  static thread_local Glanced last;
  const absl::string_view name = ring.empty() ? kDefaultRing : ring;
  // Read before the state, which may then be newer: it is looked for again.
  const uint64_t version = version_.load(std::memory_order_acquire);
  if (last.membership != id_ || last.version != version || last.ring != name) {
    auto state = Find(name);
    if (!state.ok()) return state.status();
    last = {id_, version, std::string(name), *std::move(state)};
  }
  return last.state.get();
}

std::vector<StatePtr> Membership::Rings() const {
  MutexLock lock(mu_);
  std::vector<StatePtr> rings;
  rings.reserve(rings_.size());
  for (const auto& [name, state] : rings_) rings.push_back(state);
  return rings;
}

}  // namespace clockwise
