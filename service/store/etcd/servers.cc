#include "service/store/etcd/servers.h"

#include <cstdint>
#include <utility>

#include "service/api/refusal.h"
#include "service/store/etcd/parse.h"
#include "service/store/etcd/txn.h"

namespace clockwise {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kServersWatchPatience(1'500);
constexpr milliseconds kReadServersEvery(5'000);
constexpr milliseconds kBetweenServerReads(20);
constexpr milliseconds kBetweenServerWatches(1'000);

}  // namespace

EtcdServers::EtcdServers(EtcdClient& client, EtcdMarkers& markers,
                         const EtcdKeys& keys,
                         const stored::v1::ServerEntry& self,
                         std::chrono::seconds lease)
    : client_(client),
      range_(keys.Servers()),
      key_(keys.Server(self.instance())),
      value_(self.SerializeAsString()),
      lease_(client, markers, lease),
      task_([this](const std::stop_token&) { return Look(); }) {
  lease_.Put(key_, value_);
}

EtcdServers::~EtcdServers() {
  task_.Stop();
  watch_.reset();  // before task_ is destroyed, which its last event wakes
}

void EtcdServers::WaitUntilListed(
    std::chrono::steady_clock::time_point deadline) {
  lease_.WaitForStep(deadline);
  if (!lease_.Last().ok()) return;
  MutexLock lock(mu_);
  while (!found_ && std::chrono::steady_clock::now() < deadline) {
    list_read_.WaitUntil(mu_, deadline);
  }
}

Store::ServerList EtcdServers::List() const {
  MutexLock lock(mu_);
  Store::ServerList list = list_;
  list.listed = lease_.Last();
  if (list.listed.ok()) list.listed = read_;
  return list;
}

void EtcdServers::Withdraw() {
  {
    MutexLock lock(mu_);
    withdrawn_ = true;
  }
  lease_.Revoke();
}

EtcdServers::Clock::time_point EtcdServers::Look() {
  // Events may arrive faster than the list is worth reading.
  if (Clock::now() < next_read_) return next_read_;
  const bool watching = KeepWatching();
  absl::Status status = Read();
  next_read_ = Clock::now() + kBetweenServerReads;
  const bool well = watching && status.ok();
  MutexLock lock(mu_);
  read_ = std::move(status);
  return Clock::now() + (well ? kReadServersEvery : kBetweenServerWatches);
}

bool EtcdServers::KeepWatching() {
  {
    MutexLock lock(mu_);
    if (std::exchange(watching_, true)) return true;
  }
  watch_.reset();
  watch_ = std::make_unique<EtcdWatch>(client_, range_,
                                       [this](absl::string_view key, int64_t) {
                                         if (key.empty()) {
                                           MutexLock lock(mu_);
                                           watching_ = false;
                                         }
                                         task_.Wake();
                                       });
  if (watch_->WaitUntilCreated(kServersWatchPatience) != 0) return true;
  watch_.reset();
  MutexLock lock(mu_);
  watching_ = false;
  return false;
}

absl::Status EtcdServers::Read() {
  // The entry is missed only if it was in etcd before the read began.
  const bool held = lease_.Holds(key_);
  // A transaction, because a failed Range marks the whole store as down.
  EtcdTxn txn;
  txn.Read(range_);
  etcdserverpb::TxnResponse response;
  bool maybe_made = false;
  absl::Status status = client_.Txn(txn.request(), response, maybe_made);
  if (!status.ok()) return status;
  if (response.responses_size() != 1) {
    return Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                   "etcd: the list of servers was not returned");
  }
  const etcdserverpb::RangeResponse& range =
      response.responses(0).response_range();
  bool found = range.more();
  for (const mvccpb::KeyValue& kv : range.kvs()) {
    found |= kv.key() == key_ && kv.value() == value_;
  }
  MutexLock lock(mu_);
  list_ = ParseEtcdServers(range_.begin.size(), range);
  found_ = found;
  list_read_.NotifyAll();
  if (held && !found && !withdrawn_) {
    lease_.Put(key_, value_);
  }
  return absl::OkStatus();
}

}  // namespace clockwise
