// EtcdLease keeps keys in etcd for as long as this program runs. Thread-safe.
// It owns one thread.
//
// All its keys have one lease, which it renews three times in the lease's time.
// If the program is killed, etcd deletes the keys when that time is over. While
// nothing fails, only Put writes. A lease that has expired, was revoked, or is
// not in an etcd that was restored is replaced, and all keys are written again.
// Each write requires the markers of the store (markers.h). A failed step is
// repeated at the time of the next renewal.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_LEASE_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_LEASE_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/runtime/mutex.h"
#include "service/runtime/periodic_task.h"
#include "service/store/etcd/client.h"
#include "service/store/etcd/markers.h"

namespace clockwise {

class EtcdLease {
 public:
  // `client` and `markers` must outlive this object. etcd raises `time` to a
  // minimum, about 1.5 times its election timeout.
  EtcdLease(EtcdClient& client, EtcdMarkers& markers,
            std::chrono::seconds time);
  // Leaves the keys to the lease if Revoke was not called.
  ~EtcdLease() { task_.Stop(); }
  EtcdLease(const EtcdLease&) = delete;
  EtcdLease& operator=(const EtcdLease&) = delete;

  // Writes `key`, now and with each new lease. Replaces its earlier value. Does
  // not block. A call with the same value writes the key again.
  void Put(const std::string& key, std::string value);

  // True if `key` was written under the present lease.
  bool Holds(const std::string& key) const;

  // Blocks until a step has ended since the first Put, or until `deadline`.
  void WaitForStep(std::chrono::steady_clock::time_point deadline);

  // Returns the failure of the last step; OK before the first one.
  [[nodiscard]] absl::Status Last() const;

  // Ends the lease, so that etcd deletes its keys at once. Blocks for less than
  // a second. Nothing is written afterwards.
  void Revoke();

 private:
  struct Value {
    std::string value;
    int64_t lease = 0;  // with which it was written; 0: not written
  };

  // Renews the lease and writes the keys. Returns the time of the next step.
  PeriodicTask::Clock::time_point Step();
  absl::Status Keep();
  // Renews the present lease, or grants one. Returns it.
  absl::StatusOr<int64_t> Renew();
  // Writes the keys that do not have `lease`.
  absl::Status PutAll(int64_t lease);
  absl::Status PutOne(const std::string& key, const std::string& value,
                      int64_t lease);
  void Forget(int64_t lease);

  EtcdClient& client_;
  EtcdMarkers& markers_;
  const std::chrono::seconds time_;
  mutable Mutex mu_;
  Condition stepped_;
  int64_t lease_ ABSL_GUARDED_BY(mu_) = 0;  // 0: none
  bool revoked_ ABSL_GUARDED_BY(mu_) = false;
  uint64_t steps_ ABSL_GUARDED_BY(mu_) = 0;  // with at least one key
  std::map<std::string, Value> keys_ ABSL_GUARDED_BY(mu_);
  absl::Status last_ ABSL_GUARDED_BY(mu_);
  PeriodicTask task_;  // last, because it uses the members above
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_LEASE_H_
