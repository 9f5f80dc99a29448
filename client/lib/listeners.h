// Listeners reports changes of the mirror: the effect on a node to each
// listener, and the new ring to the ring file. Thread-safe. It owns one thread,
// so a slow listener delays other listeners but not the follower. Changes
// during a call are combined into the next event.
#ifndef CLOCKWISE_CLIENT_LIB_LISTENERS_H_
#define CLOCKWISE_CLIENT_LIB_LISTENERS_H_

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "client/lib/mirror.h"
#include "clockwise/client.h"
#include "service/runtime/periodic_task.h"

namespace clockwise::client {

// Standing is what is known about the ring.
struct Standing {
  Standing() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a ring alone is a standing.
  Standing(RingViewPtr mirror) : ring(std::move(mirror)) {}
  friend bool operator==(const Standing&, const Standing&) = default;

  RingViewPtr ring;  // null: there is none yet, or its layout is unknown
  bool deleted = false;
  bool layout_unknown = false;
  uint64_t epoch = 0;        // of a ring with an unknown layout
  uint64_t incarnation = 0;  // likewise
};

class Listeners {
 public:
  // `mirror` returns what is known about the ring now. `keep`, if not null, is
  // called with each new ring, before the listeners.
  Listeners(std::function<Standing()> mirror,
            std::function<void(const RingViewPtr&)> keep);
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  // Starts a delivery, because the mirror may have changed. Does not block.
  void Wake();

  // Adds a listener. See Client::OnChange.
  Subscription Add(std::string node_id,
                   std::function<void(const RingEvent&)> listener);

 private:
  struct Listener;
  // State that is shared with subscriptions, which may outlive this object.
  struct Shared;

  // Reports the newest ring to all listeners that have not seen it.
  void Deliver(const std::stop_token& stop);
  void Tell(const std::shared_ptr<Listener>& listener, const Standing& now,
            const std::stop_token& stop);

  const std::function<Standing()> mirror_;
  const std::function<void(const RingViewPtr&)> keep_;
  const std::shared_ptr<Shared> shared_;
  RingViewPtr kept_;   // used only by the task
  PeriodicTask task_;  // last: it uses the members above
};

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_LISTENERS_H_
