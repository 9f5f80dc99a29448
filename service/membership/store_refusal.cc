#include "service/membership/store_refusal.h"

#include "absl/strings/strip.h"
#include "clockwise/v1/placement.pb.h"
#include "service/api/refusal.h"

namespace clockwise {

absl::Status StoreRefusals::Changed(absl::Status outcome) {
  if (outcome.ok()) {
    MutexLock lock(mu_);
    End();
    return outcome;
  }
  const v1::ErrorReason reason = ReasonOf(outcome);
  // A private store is on this machine: if it is still the right one, it can be
  // read, and a failed write means that the disk does not accept it.
  const bool failed_here = reason == v1::ERROR_REASON_STORE_UNAVAILABLE &&
                           !store_.shared() && store_.Trust().ok();
  if (reason == v1::ERROR_REASON_STORE_FULL ||
      reason == v1::ERROR_REASON_STORE_REFUSED || failed_here) {
    Begin(outcome, /*reads_too=*/false);
  }
  return outcome;
}

absl::Status StoreRefusals::Read(absl::Status outcome) {
  if (outcome.ok()) {
    MutexLock lock(mu_);
    if (reads_too_) End();
  } else if (ReasonOf(outcome) == v1::ERROR_REASON_STORE_REFUSED) {
    Begin(outcome, /*reads_too=*/true);
  }
  return outcome;
}

std::optional<StoreRefusal> StoreRefusals::Current() const {
  MutexLock lock(mu_);
  return current_;
}

void StoreRefusals::Begin(const absl::Status& why, bool reads_too) {
  // The state is about later changes too.
  const absl::string_view reason =
      absl::StripSuffix(why.message(), "; nothing was changed");
  MutexLock lock(mu_);
  if (!current_.has_value()) {
    current_.emplace();
    current_->since = now_();
    if (listener_) listener_(absl::Status(why.code(), reason));
  }
  current_->reason = std::string(reason);
  // A change that is rejected like the last read does not end that state.
  reads_too_ = reads_too ||
               (reads_too_ && ReasonOf(why) == v1::ERROR_REASON_STORE_REFUSED);
}

void StoreRefusals::End() {
  if (!current_.has_value()) return;
  current_.reset();
  reads_too_ = false;
  if (listener_) listener_(absl::OkStatus());
}

}  // namespace clockwise
