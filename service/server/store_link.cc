#include "service/server/store_link.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/runtime/log.h"

namespace clockwise {
namespace {

constexpr std::chrono::seconds kTellAgainAfter(60);
constexpr std::chrono::seconds kLookEvery(1);

}  // namespace

absl::Status EnsureRings(Membership& membership, const FirstRings& first) {
  if (first.require_existing) {
    if (!membership.Rings().empty()) return absl::OkStatus();
    return absl::FailedPreconditionError(
        "--require-existing: the store has no rings; check --store and "
        "--etcd-prefix, restore a backup, or start once without the flag");
  }
  if (membership.Find("").ok()) return absl::OkStatus();
  return membership.CreateRing(first.default_ring).status();
}

void LogStoreRefusal(const absl::Status& why) {
  if (why.ok()) {
    LogInfo("the store accepts changes again");
  } else {
    LogWarning("the store refuses changes, until one succeeds",
               {{"reason", std::string(why.message())}});
  }
}

TrustLog::TrustLog(const Store& store)
    : store_(store), task_([this](const std::stop_token&) { return Look(); }) {}

PeriodicTask::Clock::time_point TrustLog::Look() {
  const auto now = PeriodicTask::Clock::now();
  const absl::Status trust = store_.Trust();
  if (trust.ok() && !trusted_) LogInfo("the store is trusted again");
  if (!trust.ok() && (trusted_ || now >= next_log_)) {
    LogWarning(
        "the store is not trusted: changes are rejected, look-ups "
        "continue from memory",
        {{"reason", std::string(trust.message())}});
    next_log_ = now + kTellAgainAfter;
  }
  trusted_ = trust.ok();
  LookAtListing();
  const Store::Rejections rejections = store_.rejections();
  if (rejections.count > rejections_ && now >= next_rejection_log_) {
    LogWarning(
        "answers of etcd are rejected: they are not of the store that "
        "this server has read",
        {{"answers", absl::StrCat(rejections.count)},
         {"last", rejections.last}});
    rejections_ = rejections.count;
    next_rejection_log_ = now + kTellAgainAfter;
  }
  return now + kLookEvery;
}

void TrustLog::LookAtListing() {
  const absl::Status listed = store_.Servers().listed;
  // A store that is away, or not trusted, has a log line of its own.
  if (ReasonOf(listed) == v1::ERROR_REASON_STORE_UNAVAILABLE) return;
  if (listed.message() == listing_failure_) return;
  listing_failure_ = std::string(listed.message());
  if (listed.ok()) {
    LogInfo("this server is in the store's list of servers again");
  } else {
    LogWarning(
        "this server is not in the store's list of servers: other programs do "
        "not find it; retrying",
        {{"reason", listing_failure_}});
  }
}

StoreLink::StoreLink(Store& store, Membership& membership, FirstRings first,
                     std::function<void()> ready,
                     std::function<void(const absl::Status&)> fail)
    : store_(store),
      membership_(membership),
      first_(std::move(first)),
      ready_(std::move(ready)),
      fail_(std::move(fail)) {
  store_.Follow([this](const std::string& ring) { return Changed(ring); });
}

StoreLink::~StoreLink() {
  stopping_ = true;
  store_.Interrupt();
  store_.Follow(nullptr);
}

absl::Status StoreLink::Start(const std::string& ring) {
  absl::Status status = store_.CheckStart();
  if (absl::IsFailedPrecondition(status)) {
    fail_(status);
    return status;
  }
  if (status.ok()) status = membership_.Refresh(ring);
  if (!status.ok()) return status;
  status = EnsureRings(membership_, first_);
  if (absl::IsFailedPrecondition(status)) fail_(status);
  return status;
}

absl::Status StoreLink::Changed(const std::string& ring) {
  absl::Status status = is_ready_ ? membership_.Refresh(ring) : Start(ring);
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
