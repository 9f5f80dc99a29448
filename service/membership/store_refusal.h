// StoreRefusals holds whether the store rejects changes although it answers: it
// is full, read-only or damaged, or rejects the credentials of the server.
// Thread-safe.
//
// It is another state than a store that does not answer (Store::up) and than a
// store that is not trusted (Store::Trust). It begins with a rejected change,
// and lasts until a change succeeds: nothing else proves that the store accepts
// changes. An error that rejects reads too also ends with a successful read.
// Errors about one change, such as EPOCH_CONFLICT or a request that is too
// large for etcd, do not count.
#ifndef CLOCKWISE_SERVICE_MEMBERSHIP_STORE_REFUSAL_H_
#define CLOCKWISE_SERVICE_MEMBERSHIP_STORE_REFUSAL_H_

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "service/runtime/mutex.h"
#include "service/store/store.h"

namespace clockwise {

struct StoreRefusal {
  std::string reason;  // the newest error
  absl::Time since;    // time of the first one
};

class StoreRefusals {
 public:
  // Receives the error when the state begins, and OK when it ends. Called by
  // the thread that changes or reads the store, with a lock: it must be quick.
  using Listener = std::function<void(const absl::Status& why)>;

  // `store` and `now` must outlive it. `listener` may be null.
  StoreRefusals(const Store& store, std::function<absl::Time()> now,
                Listener listener)
      : store_(store), now_(std::move(now)), listener_(std::move(listener)) {}

  // Notes the outcome of a change that was sent to the store, and returns it.
  absl::Status Changed(absl::Status outcome);
  // Notes the outcome of a read, and returns it.
  absl::Status Read(absl::Status outcome);

  std::optional<StoreRefusal> Current() const;

 private:
  void Begin(const absl::Status& why, bool reads_too);
  void End() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Store& store_;
  const std::function<absl::Time()> now_;
  const Listener listener_;
  mutable Mutex mu_;
  std::optional<StoreRefusal> current_ ABSL_GUARDED_BY(mu_);
  bool reads_too_ ABSL_GUARDED_BY(mu_) = false;  // reads are rejected too
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_MEMBERSHIP_STORE_REFUSAL_H_
