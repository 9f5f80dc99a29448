#include "client/lib/listeners.h"

#include <utility>
#include <vector>

#include "client/lib/owned_ranges.h"

namespace clockwise::client {

struct Listeners::Listener {
  std::string node_id;
  std::function<void(const RingEvent&)> call;
  Standing told;      // what was reported last; used only by the task
  bool gone = false;  // guarded by Shared::mu
};

struct Listeners::Shared {
  Mutex mu;
  Condition changed;
  std::vector<std::shared_ptr<Listener>> all ABSL_GUARDED_BY(mu);
  const Listener* in_call ABSL_GUARDED_BY(mu) = nullptr;
  std::thread::id caller ABSL_GUARDED_BY(mu);

  // Removes `listener`. Blocks until no call of it is running, unless that call
  // itself removes it.
  void Remove(const std::shared_ptr<Listener>& listener) {
    MutexLock lock(mu);
    listener->gone = true;
    std::erase(all, listener);
    while (in_call == listener.get() && caller != std::this_thread::get_id()) {
      changed.Wait(mu);
    }
  }
};

Listeners::Listeners(std::function<Standing()> mirror,
                     std::function<void(const RingViewPtr&)> keep)
    : mirror_(std::move(mirror)),
      keep_(std::move(keep)),
      shared_(std::make_shared<Shared>()),
      task_([this](const std::stop_token& stop) {
        Deliver(stop);
        return PeriodicTask::kWhenWoken;
      }) {}

void Listeners::Wake() { task_.Wake(); }

Subscription Listeners::Add(std::string node_id,
                            std::function<void(const RingEvent&)> call) {
  auto listener = std::make_shared<Listener>();
  listener->node_id = std::move(node_id);
  listener->call = std::move(call);
  {
    MutexLock lock(shared_->mu);
    shared_->all.push_back(listener);
  }
  Wake();
  return Subscription(std::shared_ptr<void>(
      nullptr,
      [shared = shared_, listener](void*) { shared->Remove(listener); }));
}

void Listeners::Deliver(const std::stop_token& stop) {
  const Standing now = mirror_();
  if (now.ring == nullptr && !now.layout_unknown) return;
  if (keep_ != nullptr && now.ring != nullptr && now.ring != kept_) {
    keep_(now.ring);
    kept_ = now.ring;
  }
  std::vector<std::shared_ptr<Listener>> all;
  {
    MutexLock lock(shared_->mu);
    all = shared_->all;
  }
  for (const auto& listener : all) Tell(listener, now, stop);
}

void Listeners::Tell(const std::shared_ptr<Listener>& listener,
                     const Standing& now, const std::stop_token& stop) {
  if (listener->told == now) return;
  RingEvent event;
  if (now.layout_unknown) {
    event.epoch = now.epoch;
    event.incarnation = now.incarnation;
    event.ranges_unknown = true;
    event.before = listener->told.ring;
    event.from_epoch = event.before == nullptr ? 0 : event.before->epoch();
  } else {
    event = EventFor(listener->node_id, listener->told.ring, now.ring);
  }
  event.deleted = now.deleted;
  listener->told = now;
  {
    MutexLock lock(shared_->mu);
    if (listener->gone || stop.stop_requested()) return;
    shared_->in_call = listener.get();
    shared_->caller = std::this_thread::get_id();
  }
  listener->call(event);
  {
    MutexLock lock(shared_->mu);
    shared_->in_call = nullptr;
  }
  shared_->changed.NotifyAll();
}

}  // namespace clockwise::client
