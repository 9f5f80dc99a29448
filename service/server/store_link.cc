#include "service/server/store_link.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/runtime/log.h"

namespace clockwise {
namespace {

constexpr std::chrono::seconds kTellAgainAfter(60);

}  // namespace

absl::Status EnsureDefaultRing(Membership& membership,
                               const v1::RingSpec& spec) {
  if (membership.Find("").ok()) return absl::OkStatus();
  return membership.CreateRing(spec).status();
}

StoreLink::StoreLink(Store& store, Membership& membership,
                     v1::RingSpec default_ring, std::function<void()> ready)
    : store_(store),
      membership_(membership),
      default_ring_(std::move(default_ring)),
      ready_(std::move(ready)) {
  store_.Follow([this](const std::string& ring) { return Changed(ring); });
}

StoreLink::~StoreLink() {
  stopping_ = true;
  store_.Interrupt();
  store_.Follow(nullptr);
}

absl::Status StoreLink::Changed(const std::string& ring) {
  absl::Status status = membership_.Refresh(ring);
  if (status.ok() && !is_ready_) {
    status = EnsureDefaultRing(membership_, default_ring_);
  }
  if (stopping_) return status;
  Tell(status);
  if (status.ok() && !is_ready_) {
    is_ready_ = true;
    ready_();
  }
  return status;
}

void StoreLink::Tell(const absl::Status& status) {
  if (status.ok()) {
    if (away_) {
      LogInfo("the store is available again",
              {{"rings", absl::StrCat(membership_.Rings().size())}});
    }
    away_ = false;
    return;
  }
  const auto now = std::chrono::steady_clock::now();
  if (away_ && now - told_ < kTellAgainAfter) return;
  LogWarning(is_ready_ ? "the store is not available: changes are rejected, "
                         "look-ups continue"
                       : "waiting for the store",
             {{"reason", std::string(status.message())}});
  away_ = true;
  told_ = now;
}

}  // namespace clockwise
