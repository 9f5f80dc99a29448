#include "service/rpc/watch/delta_builder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/limits.h"

namespace clockwise {

DeltaBuilder::DeltaBuilder()
    : queue_(std::make_unique<WorkQueue>(1, limits::kMaxWaitingDeltas,
                                         WorkQueue::Priority::kLow)) {}

void DeltaBuilder::Build(const StatePtr& state, uint64_t from_epoch,
                         bool include_moves, const std::string& peer,
                         Done done) {
  const Key key(state, from_epoch, include_moves);
  {
    MutexLock lock(mu_);
    const auto [at, is_new] = waiting_.try_emplace(key);
    at->second.push_back(std::move(done));
    if (!is_new) return;
  }
  const bool added = queue_->Add(
      absl::StrCat(state->name(), " ", peer), [this, key] { Work(key); },
      [this, key] { End(key, nullptr); });
  if (!added) End(key, nullptr);
}

void DeltaBuilder::End(const Key& key, const BuiltDelta* delta) {
  std::vector<Done> waiting;
  {
    MutexLock lock(mu_);
    const auto at = waiting_.find(key);
    waiting = std::move(at->second);
    waiting_.erase(at);
  }
  for (const Done& done : waiting) done(delta);
}

void DeltaBuilder::Work(const Key& key) {
  {
    MutexLock lock(mu_);
    if (stopping_) return;
  }
  const auto& [state, from_epoch, include_moves] = key;
  const BuiltDelta delta{state, from_epoch, include_moves,
                         EncodeWatch(*state, from_epoch, include_moves)};
  End(key, &delta);
}

void DeltaBuilder::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  queue_.reset();
}

}  // namespace clockwise
