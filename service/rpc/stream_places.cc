#include "service/rpc/stream_places.h"

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"

namespace clockwise {

absl::Status StreamPlaces::Take(const std::string& network) {
  if (open_ >= bounds_.most) {
    stats_.Reached(bounds_.limit);
    return Refusal(v1::ERROR_REASON_LIMIT_REACHED,
                   absl::StrCat(bounds_.most, " ", bounds_.method,
                                " streams are open already, the maximum (",
                                bounds_.flag, "); retry at another server"));
  }
  const auto own = by_network_.find(network);
  if (own != by_network_.end() && own->second >= bounds_.most_per_peer) {
    stats_.Reached(bounds_.limit_per_peer);
    return Refusal(
        v1::ERROR_REASON_LIMIT_REACHED,
        absl::StrCat(bounds_.most_per_peer, " ", bounds_.method,
                     " streams from this network are open already, the maximum "
                     "(",
                     bounds_.flag, "-per-peer); close one first"));
  }
  ++open_;
  ++by_network_[network];
  return absl::OkStatus();
}

void StreamPlaces::Return(const std::string& network) {
  --open_;
  const auto own = by_network_.find(network);
  if (--own->second == 0) by_network_.erase(own);
}

}  // namespace clockwise
