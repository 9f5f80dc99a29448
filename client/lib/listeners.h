// Tells of changes of the mirror: to each who asked, what they mean for a node;
// and to the ring file. One thread, so that a slow listener keeps the follower
// waiting no more than other listeners: what happens meanwhile comes together.
#ifndef CLOCKWISE_CLIENT_LIB_LISTENERS_H_
#define CLOCKWISE_CLIENT_LIB_LISTENERS_H_

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "client/lib/mirror.h"
#include "clockwise/client.h"
#include "service/runtime/periodic_task.h"

namespace clockwise::client {

class Listeners {
 public:
  // `mirror` gives the newest ring, null if there is none; `keep`, if not null,
  // is called with each ring that is new, before the listeners.
  Listeners(std::function<RingViewPtr()> mirror,
            std::function<void(const RingViewPtr&)> keep);
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;

  // The mirror may have changed. Quick.
  void Wake();

  Subscription Add(std::string node_id,
                   std::function<void(const RingEvent&)> listener);

 private:
  struct Listener;
  // What is shared with subscriptions, which may outlive this.
  struct Shared;

  // Reports the newest ring to all that have not seen it.
  void Deliver(const std::stop_token& stop);
  void Tell(const std::shared_ptr<Listener>& listener, const RingViewPtr& now,
            const std::stop_token& stop);

  const std::function<RingViewPtr()> mirror_;
  const std::function<void(const RingViewPtr&)> keep_;
  const std::shared_ptr<Shared> shared_;
  RingViewPtr kept_;   // used by the task alone
  PeriodicTask task_;  // last: it uses what is above
};

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_LISTENERS_H_
