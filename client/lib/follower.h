// Follower keeps the mirror up to date: its thread watches one server after the
// other until Stop. Thread-safe, except Start and Stop. It owns its thread.
//
// Each message is checked before it is used (mirror.h). If a message does not
// lead to the ring that it names, the follower counts it and requests a
// snapshot. The mirror does not go back to an older epoch of its incarnation.
// Exception: a server that was sent the epoch of the mirror has made sure that
// its store has only an older one.
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
#include "client/lib/listeners.h"
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
  // `start` is the first mirror, from a file, or null. `told` is called on the
  // follower's thread each time the mirror has changed or was confirmed.
  // `targets` must outlive this object.
  Follower(const Options& options, Targets& targets, RingViewPtr start,
           std::chrono::steady_clock::time_point confirmed,
           std::function<void()> told);
  ~Follower() { Stop(); }
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  void Start();
  void Stop();

  // Returns the newest ring; null if there is none yet.
  RingViewPtr mirror() const;
  // Same as mirror(), without a lock while the ring does not change. The
  // reference is valid until this thread calls Glance of any client again.
  const RingViewPtr& Glance() const {
    return glances_.Get(std::monostate(), [this] { return mirror(); });
  }
  // Returns the mirror, and whether the ring was deleted or has an unknown
  // layout.
  Standing standing() const;
  // True if the ring has a layout that this library does not have. There is no
  // mirror then, but epoch() and confirmed() are those of the ring.
  bool layout_unknown() const { return layout_unknown_.load(); }
  // Returns the epoch of the mirror; 0 if there is none yet.
  uint64_t epoch() const { return epoch_.load(); }
  // Returns the latest time at which the mirror was certainly the newest ring;
  // time_point::min() if no server has confirmed it.
  std::chrono::steady_clock::time_point confirmed() const {
    return confirmed_.load();
  }
  // True if the mirror is from a server.
  bool from_server() const { return from_server_.load(); }
  // Returns the state without staleness and file error. Its epoch, incarnation
  // and fingerprint are set only if the layout is unknown, and its source is
  // not set.
  State state() const;

 private:
  using Clock = std::chrono::steady_clock;

  // Watches one server until the stream ends. Returns the time to watch the
  // next server.
  Clock::time_point Follow(const std::stop_token& stop);
  // Position is the epoch of a ring; 0: no ring is known.
  struct Position {
    uint64_t epoch = 0;
    uint64_t incarnation = 0;
    uint64_t fingerprint = 0;
  };

  // Watches server `target` until the stream ends or a message fails its check.
  // Returns the reason.
  absl::Status Watch(size_t target, const std::stop_token& stop);
  // Records why a stream ended.
  void NoteEnd(const absl::Status& end) ABSL_LOCKS_EXCLUDED(mu_);
  // Checks a message and applies it to the mirror. The message confirms the
  // mirror as of `as_of`, or as of now if that is earlier. `may_go_back`: see
  // the comment of the file.
  absl::Status TakeIn(const v1::WatchResponse& message, Clock::time_point as_of,
                      bool may_go_back);
  // Checks a message and computes the ring after it, `next`. If its layout is
  // unknown, sets `unknown` instead, and `next` to null.
  absl::Status CheckMessage(const v1::WatchResponse& message, bool may_go_back,
                            RingViewPtr& next, Position& unknown) const;
  // The same for a delta or a heartbeat of a ring with an unknown layout.
  absl::Status FollowUnknown(const v1::WatchResponse& message,
                             Position& unknown) const;
  // Returns the position of the mirror, or of a ring with an unknown layout.
  Position position() const;
  // Makes `view_` and `unknown_` visible to all threads.
  void Publish() ABSL_LOCKS_EXCLUDED(mu_);

  const Options options_;
  Targets& targets_;
  const std::function<void()> told_;
  std::atomic<Clock::time_point> confirmed_;
  std::atomic<bool> from_server_ = false;
  std::atomic<bool> layout_unknown_ = false;
  std::atomic<uint64_t> epoch_ = 0;  // epoch of mirror_

  // Used only by the task.
  size_t target_ = 0;
  RingViewPtr view_;
  Position unknown_;  // position of a ring whose layout is unknown
  bool ask_for_all_ = false;
  bool unreached_ = false;  // the last attempt failed to connect
  bool waited_ = false;     // the last attempt waited for a connection
  Backoff backoff_;
  std::minstd_rand random_{std::random_device()()};

  mutable Mutex mu_;
  State state_ ABSL_GUARDED_BY(mu_);
  RingViewPtr mirror_ ABSL_GUARDED_BY(mu_);
  GlanceCache<RingView> glances_;     // copies of mirror_
  std::optional<PeriodicTask> task_;  // last: it uses the members above
};

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_FOLLOWER_H_
