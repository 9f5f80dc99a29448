// EtcdFollower tells its owner which rings other servers may have changed, and
// keeps the connection to etcd under observation. It owns one thread, on which
// it calls; ended and joined by its destructor.
//
// It watches the heads, and does not trust the watch: each time that the stream
// had to be opened anew, and every second, all heads are looked at; and every
// other second the newest revision among the heads is read and compared
// with what the watch has told, so one that has fallen silent is replaced.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_FOLLOWER_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_FOLLOWER_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "service/runtime/mutex.h"
#include "service/store/etcd/client.h"
#include "service/store/etcd/keys.h"
#include "service/store/etcd/watch.h"
#include "service/store/store.h"

namespace clockwise {

class EtcdFollower {
 public:
  // The first two outlive it.
  EtcdFollower(EtcdClient& client, const EtcdKeys& keys,
               Store::Changed changed);
  ~EtcdFollower();
  EtcdFollower(const EtcdFollower&) = delete;
  EtcdFollower& operator=(const EtcdFollower&) = delete;

 private:
  using Clock = std::chrono::steady_clock;

  void Run();
  // Replaces a watch that is over; false: etcd does not answer.
  bool KeepWatching();
  // Tells of what is new; sets what has to be told again.
  void Tell();
  // Reads the newest revision among the heads.
  void Probe();
  void Event(absl::string_view key, int64_t revision);
  void WaitForNews(Clock::time_point until);
  bool stopping();

  EtcdClient& client_;
  const EtcdKeys& keys_;
  const Store::Changed changed_;

  // Of the thread alone.
  std::unique_ptr<EtcdWatch> watch_;
  bool look_at_all_ = true;
  Clock::time_point next_probe_;
  Clock::time_point next_look_at_all_;
  int64_t behind_ = 0;  // a revision that the watch has not told at a probe

  Mutex mu_;
  Condition news_;
  std::set<std::string> rings_ ABSL_GUARDED_BY(mu_);  // that were told of
  int64_t revision_ ABSL_GUARDED_BY(mu_) = 0;  // the newest that was told
  bool watching_ ABSL_GUARDED_BY(mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_FOLLOWER_H_
