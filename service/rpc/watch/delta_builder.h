// DeltaBuilder builds messages of Watch streams on a thread of its own. Some
// deltas take milliseconds to seconds, and the dispatcher must not wait for
// them: it sends heartbeats and the changes of other rings. Equal deltas are
// built once, rings and clients take turns. Thread-safe.
#ifndef CLOCKWISE_SERVICE_RPC_WATCH_DELTA_BUILDER_H_
#define CLOCKWISE_SERVICE_RPC_WATCH_DELTA_BUILDER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "service/rpc/watch/watch_events.h"
#include "service/runtime/mutex.h"
#include "service/runtime/work_queue.h"

namespace clockwise {

class DeltaBuilder {
 public:
  using Done = std::function<void(const BuiltDelta* delta)>;

  DeltaBuilder();
  ~DeltaBuilder() { Stop(); }
  DeltaBuilder(const DeltaBuilder&) = delete;
  DeltaBuilder& operator=(const DeltaBuilder&) = delete;

  // Builds the delta from `from_epoch` to `state`, and then calls `done` on its
  // thread. `peer` is the network of the client. If too many deltas wait, calls
  // `done` with null, perhaps before this function returns.
  void Build(const StatePtr& state, uint64_t from_epoch, bool include_moves,
             const std::string& peer, Done done);
  // Waits for the delta in progress, and drops the others.
  void Stop();

 private:
  using Key = std::tuple<StatePtr, uint64_t, bool>;

  void Work(const Key& key);
  // Calls the functions that wait for a delta. Null: it is not built.
  void End(const Key& key, const BuiltDelta* delta);

  Mutex mu_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::map<Key, std::vector<Done>> waiting_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<WorkQueue> queue_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_WATCH_DELTA_BUILDER_H_
