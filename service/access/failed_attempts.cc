#include "service/access/failed_attempts.h"

#include "absl/strings/match.h"
#include "service/limits.h"

namespace clockwise {
namespace {

constexpr std::chrono::minutes kWindow(1);

}  // namespace

bool FailedAttempts::Blocked(absl::string_view from, Time now) const {
  MutexLock lock(mu_);
  const auto at = by_peer_.find(from);
  return at != by_peer_.end() && now - at->second.start < kWindow &&
         at->second.failed >= limits::kMaxFailedAttempts;
}

void FailedAttempts::Count(absl::string_view from, Time now) {
  MutexLock lock(mu_);
  if (by_peer_.size() >= limits::kMaxBlockedPeers && !by_peer_.contains(from)) {
    absl::erase_if(by_peer_, [&](const auto& peer) {
      return now - peer.second.start >= kWindow;
    });
    // All peers have failed in the last minute. The bound on memory comes
    // first, so all are forgotten.
    if (by_peer_.size() >= limits::kMaxBlockedPeers) by_peer_.clear();
  }
  Minute& minute = by_peer_[from];
  if (minute.failed == 0 || now - minute.start >= kWindow) minute = {now, 0};
  ++minute.failed;
}

std::string MachineOf(absl::string_view peer) {
  if (!absl::StartsWith(peer, "ipv")) return std::string(peer);
  return std::string(peer.substr(0, peer.rfind(':')));
}

}  // namespace clockwise
