// EtcdServers is the list of the servers that use a store in etcd. It keeps the
// entry of this server (lease.h), and reads the entries of all. Thread-safe. It
// owns two threads.
//
// It watches the entries, and also reads them every few seconds, because a
// watch can lose events. Callers get the list of the last read, so they cause
// no reads. If the entry of this server is missing, it is written again.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_SERVERS_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_SERVERS_H_

#include <chrono>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "clockwise/stored/v1/stored.pb.h"
#include "etcd/rpc.pb.h"
#include "service/runtime/mutex.h"
#include "service/runtime/periodic_task.h"
#include "service/store/etcd/client.h"
#include "service/store/etcd/keys.h"
#include "service/store/etcd/lease.h"
#include "service/store/etcd/markers.h"
#include "service/store/etcd/watch.h"
#include "service/store/store.h"

namespace clockwise {

class EtcdServers {
 public:
  // `client`, `markers` and `keys` must outlive this object. `lease`: time
  // after which the entry of a killed server vanishes.
  EtcdServers(EtcdClient& client, EtcdMarkers& markers, const EtcdKeys& keys,
              const stored::v1::ServerEntry& self, std::chrono::seconds lease);
  ~EtcdServers();
  EtcdServers(const EtcdServers&) = delete;
  EtcdServers& operator=(const EtcdServers&) = delete;

  // Blocks until the list has this server or a first attempt has failed, but
  // not after `deadline`.
  void WaitUntilListed(std::chrono::steady_clock::time_point deadline);

  Store::ServerList List() const;

  // Deletes the entry of this server. Blocks for less than a second.
  void Withdraw();

 private:
  using Clock = PeriodicTask::Clock;

  // Returns the time of the next look.
  Clock::time_point Look();
  // Opens a watch if there is none. Returns false if there is still none.
  bool KeepWatching();
  absl::Status Read();

  EtcdClient& client_;
  const EtcdRange range_;
  const std::string key_;    // of this server
  const std::string value_;  // of this server
  EtcdLease lease_;
  // Used by the task alone.
  std::unique_ptr<EtcdWatch> watch_;
  Clock::time_point next_read_;
  mutable Mutex mu_;
  bool watching_ ABSL_GUARDED_BY(mu_) = false;
  bool withdrawn_ ABSL_GUARDED_BY(mu_) = false;
  Condition list_read_;
  Store::ServerList list_ ABSL_GUARDED_BY(mu_);
  bool found_ ABSL_GUARDED_BY(mu_) = false;  // this server was in the last read
  absl::Status read_ ABSL_GUARDED_BY(mu_);   // outcome of the last read
  PeriodicTask task_;  // last, because it uses the members above
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_SERVERS_H_
