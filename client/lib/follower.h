// Keeps the mirror at what servers tell: one thread that watches one server
// after the other, for as long as it lives.
//
// Each message is checked before it is believed (mirror.h). One that does not
// give the ring it names is counted, and the ring is asked for as a whole.
#ifndef CLOCKWISE_CLIENT_LIB_FOLLOWER_H_
#define CLOCKWISE_CLIENT_LIB_FOLLOWER_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "client/lib/backoff.h"
#include "client/lib/mirror.h"
#include "client/lib/targets.h"
#include "client/lib/watch_call.h"
#include "clockwise/client.h"
#include "service/runtime/glance_cache.h"
#include "service/runtime/mutex.h"
#include "service/runtime/periodic_task.h"

namespace clockwise::client {

class Follower {
 public:
  // `start`: what to begin with, from a file, or null. `told` is called on its
  // thread whenever the mirror has changed or was confirmed. `targets` outlive
  // it.
  Follower(const Options& options, Targets& targets, RingViewPtr start,
           std::chrono::steady_clock::time_point confirmed,
           std::function<void()> told);
  ~Follower() { Stop(); }
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  void Start();
  void Stop();

  // The newest ring; null if there is none yet.
  RingViewPtr mirror() const;
  // The same without a lock while the ring does not change. The reference is
  // valid until this thread calls Glance again, of any client.
  const RingViewPtr& Glance() const {
    return glances_.Get(std::monostate(), [this] { return mirror(); });
  }
  // Its epoch; 0 if there is none yet.
  uint64_t epoch() const { return epoch_.load(); }
  // When a server last said, for all that is known, that the mirror was the
  // newest ring; the least of times: never.
  std::chrono::steady_clock::time_point confirmed() const {
    return confirmed_.load();
  }
  // Whether the mirror comes from a server.
  bool from_server() const { return from_server_.load(); }
  // Without source, staleness and what the file did.
  State state() const;

 private:
  using Clock = std::chrono::steady_clock;

  // Watches one server until the stream ends; returns when to watch the next.
  Clock::time_point Follow(const std::stop_token& stop);
  // Returns why the stream of Watch to server `target` has ended.
  absl::Status Watch(size_t target, const std::stop_token& stop);
  absl::Status TakeIn(const v1::WatchResponse& message,
                      Clock::time_point as_of);
  void Publish() ABSL_LOCKS_EXCLUDED(mu_);

  const Options options_;
  Targets& targets_;
  const std::function<void()> told_;
  std::atomic<Clock::time_point> confirmed_;
  std::atomic<bool> from_server_ = false;
  std::atomic<uint64_t> epoch_ = 0;  // of mirror_

  // Used by the task alone.
  size_t target_ = 0;
  RingViewPtr view_;
  bool ask_for_all_ = false;
  Backoff backoff_;
  std::minstd_rand random_{std::random_device()()};

  mutable Mutex mu_;
  State state_ ABSL_GUARDED_BY(mu_);
  RingViewPtr mirror_ ABSL_GUARDED_BY(mu_);
  GlanceCache<RingView> glances_;     // of mirror_
  std::optional<PeriodicTask> task_;  // last: it uses what is above
};

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_FOLLOWER_H_
