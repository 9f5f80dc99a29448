#include "service/rpc/store_reader.h"

#include <algorithm>
#include <stop_token>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/limits.h"

namespace clockwise {
namespace {

constexpr std::chrono::milliseconds kReadGap(1000 /
                                             limits::kRingListReadsPerSecond);

}  // namespace

absl::Status NotRead(const std::string& ring) {
  return Refusal(
      v1::ERROR_REASON_STORE_UNAVAILABLE,
      absl::StrCat("ring ", Quoted(ring),
                   " is not known on this server, and the store was not read "
                   "in time to say whether another server has created it; "
                   "retry later, or call another server"));
}

StoreReader::StoreReader(Membership& membership)
    : membership_(membership),
      task_([this](const std::stop_token&) { return Read(); }) {}

void StoreReader::ReadSince(Clock::time_point since) {
  {
    MutexLock lock(mu_);
    if (begun_ >= since || wanted_ >= since) return;
    wanted_ = since;
  }
  task_.Wake();
}

StoreReader::Clock::time_point StoreReader::Read() {
  {
    MutexLock lock(mu_);
    if (begun_ >= wanted_) return PeriodicTask::kWhenWoken;
    const auto now = Clock::now();
    if (now - begun_ < kReadGap) return begun_ + kReadGap;
    begun_ = now;
  }
  // A failure is kept by the membership, for the calls that wait.
  membership_.Refresh("").IgnoreError();
  MutexLock lock(mu_);
  return begun_ >= wanted_ ? PeriodicTask::kWhenWoken : begun_ + kReadGap;
}

}  // namespace clockwise
