// EtcdFollower reports which rings other servers may have changed, and checks
// that its connection to etcd works. It owns one thread, on which it calls
// back; its destructor joins the thread.
//
// It watches the heads, and does not rely on the watch alone. It reads all
// heads every second, and each time that it has opened a new stream. Every
// other second it reads the newest revision among the heads. If the watch has
// not reported that revision, the watch is replaced.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_FOLLOWER_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_FOLLOWER_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "service/runtime/mutex.h"
#include "service/runtime/periodic_task.h"
#include "service/store/etcd/client.h"
#include "service/store/etcd/keys.h"
#include "service/store/etcd/watch.h"
#include "service/store/store.h"

namespace clockwise {

class EtcdFollower {
 public:
  // `client` and `keys` must outlive this object.
  EtcdFollower(EtcdClient& client, const EtcdKeys& keys,
               Store::Changed changed);
  ~EtcdFollower();
  EtcdFollower(const EtcdFollower&) = delete;
  EtcdFollower& operator=(const EtcdFollower&) = delete;

 private:
  using Clock = std::chrono::steady_clock;

  // Runs one step. Returns the time of the next step.
  Clock::time_point Follow();
  // Opens a new watch if the last one has ended, at most once per kPause.
  // Returns false if there is no watch.
  bool KeepWatching();
  // Calls `changed_` for the rings that may have changed. After a failure, the
  // next step reports all rings.
  void Tell();
  // Reads the newest revision of the heads; ends a watch that has missed it.
  void Probe();
  // Records an event of the watch: `key` changed at `revision`, or the watch
  // has ended (empty key).
  void Event(absl::string_view key, int64_t revision);

  EtcdClient& client_;
  const EtcdKeys& keys_;
  const Store::Changed changed_;

  // Used by the task alone.
  std::unique_ptr<EtcdWatch> watch_;
  Clock::time_point next_watch_;
  bool look_at_all_ = true;
  Clock::time_point next_probe_;
  Clock::time_point next_look_at_all_;
  int64_t behind_ = 0;  // revision seen by the last probe, not by the watch

  Mutex mu_;
  // Rings with changes that the watch has seen and Tell has not yet reported.
  std::set<std::string> rings_ ABSL_GUARDED_BY(mu_);
  int64_t revision_ ABSL_GUARDED_BY(mu_) = 0;  // newest that the watch has seen
  bool watching_ ABSL_GUARDED_BY(mu_) = false;
  PeriodicTask task_;  // last, because it uses the members above
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_FOLLOWER_H_
