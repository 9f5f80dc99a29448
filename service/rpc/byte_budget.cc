#include "service/rpc/byte_budget.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/channel/status_mapping.h"
#include "service/limits.h"

namespace clockwise {

ByteBudget::Lease& ByteBudget::Lease::operator=(Lease&& other) noexcept {
  std::swap(budget_, other.budget_);
  std::swap(peer_, other.peer_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

ByteBudget::Lease::~Lease() {
  if (budget_ != nullptr) budget_->Return(peer_, bytes_);
}

absl::StatusOr<ByteBudget::Lease> ByteBudget::Take(const std::string& peer,
                                                   size_t bytes) {
  if (bytes <= limits::kSmallBytes) return Lease();
  {
    MutexLock lock(mu_);
    const auto own = by_peer_.find(peer);
    const size_t of_peer = own == by_peer_.end() ? 0 : own->second;
    if (held_ == 0 ||
        (held_ + bytes <= most_ && of_peer + bytes <= most_ / 2)) {
      held_ += bytes;
      stats_.pending_bytes = held_;
      by_peer_[peer] += bytes;
      return Lease(this, peer, bytes);
    }
  }
  stats_.Reached(Limit::kPendingBytes);
  return Overloaded(
      absl::StrCat("requests and answers that wait hold too much memory "
                   "(--max-pending-bytes=",
                   most_, "); read the answers, or retry in 1 second"));
}

void ByteBudget::Return(const std::string& peer, size_t bytes) {
  MutexLock lock(mu_);
  held_ -= bytes;
  stats_.pending_bytes = held_;
  const auto own = by_peer_.find(peer);
  own->second -= bytes;
  if (own->second == 0) by_peer_.erase(own);
}

}  // namespace clockwise
