#include "service/store/etcd/lease.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/store/etcd/txn.h"

namespace clockwise {
namespace {

constexpr int kRenewalsPerTime = 3;

// True if a write failed because its lease has ended.
bool IsLeaseGone(const absl::Status& status) {
  return absl::StrContains(status.message(), "lease not found");
}

}  // namespace

EtcdLease::EtcdLease(EtcdClient& client, EtcdMarkers& markers,
                     std::chrono::seconds time)
    : client_(client),
      markers_(markers),
      time_(time),
      task_([this](const std::stop_token&) { return Step(); }) {}

void EtcdLease::Put(const std::string& key, std::string value) {
  {
    MutexLock lock(mu_);
    keys_[key] = {std::move(value), 0};
  }
  task_.Wake();
}

bool EtcdLease::Holds(const std::string& key) const {
  MutexLock lock(mu_);
  const auto at = keys_.find(key);
  return at != keys_.end() && lease_ != 0 && at->second.lease == lease_;
}

void EtcdLease::WaitForStep(std::chrono::steady_clock::time_point deadline) {
  MutexLock lock(mu_);
  while (steps_ == 0 && std::chrono::steady_clock::now() < deadline) {
    stepped_.WaitUntil(mu_, deadline);
  }
}

absl::Status EtcdLease::Last() const {
  MutexLock lock(mu_);
  return last_;
}

PeriodicTask::Clock::time_point EtcdLease::Step() {
  {
    MutexLock lock(mu_);
    if (revoked_ || keys_.empty()) return PeriodicTask::kWhenWoken;
  }
  absl::Status status = Keep();
  // The lease may have ended after it was renewed: once more, with a new one.
  if (IsLeaseGone(status)) status = Keep();
  {
    MutexLock lock(mu_);
    last_ = std::move(status);
    ++steps_;
  }
  stepped_.NotifyAll();
  return PeriodicTask::Clock::now() +
         std::chrono::milliseconds(time_) / kRenewalsPerTime;
}

absl::Status EtcdLease::Keep() {
  const auto lease = Renew();
  if (!lease.ok()) return lease.status();
  return PutAll(*lease);
}

absl::StatusOr<int64_t> EtcdLease::Renew() {
  int64_t lease = 0;
  {
    MutexLock lock(mu_);
    lease = lease_;
  }
  if (lease != 0) {
    const auto exists = client_.KeepLease(lease);
    if (!exists.ok()) return exists.status();
    if (*exists) return lease;
    Forget(lease);
  }
  const auto granted = client_.GrantLease(time_);
  if (!granted.ok()) return granted.status();
  MutexLock lock(mu_);
  lease_ = *granted;
  return lease_;
}

absl::Status EtcdLease::PutAll(int64_t lease) {
  std::map<std::string, std::string> missing;
  {
    MutexLock lock(mu_);
    for (const auto& [key, value] : keys_) {
      if (value.lease != lease) missing[key] = value.value;
    }
  }
  for (const auto& [key, value] : missing) {
    absl::Status status = PutOne(key, value, lease);
    if (!status.ok()) {
      if (IsLeaseGone(status)) Forget(lease);
      return status;
    }
    MutexLock lock(mu_);
    // Put may have replaced the value meanwhile.
    Value& now = keys_[key];
    if (now.value == value) now.lease = lease;
  }
  return absl::OkStatus();
}

absl::Status EtcdLease::PutOne(const std::string& key, const std::string& value,
                               int64_t lease) {
  absl::Status status = markers_.Ensure();
  if (!status.ok()) return status;
  {
    MutexLock lock(mu_);
    if (revoked_) return absl::OkStatus();
  }
  EtcdTxn txn;
  markers_.Guard(txn);
  txn.Put(key, value, lease);
  etcdserverpb::TxnResponse response;
  bool maybe_made = false;  // not used: the key may be written twice
  status = client_.Txn(txn.request(), response, maybe_made);
  if (!status.ok() || response.succeeded()) return status;
  status = markers_.Judge(response, 0);
  if (!status.ok()) return status;
  return Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                 absl::StrCat("etcd: ", key, ": the key was not written"));
}

void EtcdLease::Forget(int64_t lease) {
  MutexLock lock(mu_);
  if (lease_ == lease) lease_ = 0;
}

void EtcdLease::Revoke() {
  int64_t lease = 0;
  {
    MutexLock lock(mu_);
    revoked_ = true;
    lease = std::exchange(lease_, 0);
  }
  // Failures do not matter: the lease expires.
  if (lease != 0 && client_.up()) client_.RevokeLease(lease).IgnoreError();
}

}  // namespace clockwise
