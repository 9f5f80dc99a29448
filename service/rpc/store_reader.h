// StoreReader reads the list of all rings from a shared store when a call names
// a ring that this server does not know: another server may just have created
// it. Thread-safe. It owns one thread. The membership must outlive it.
//
// One read answers all calls that arrived before it began, whatever names they
// have. At most limits::kRingListReadsPerSecond reads begin per second, so
// clients that invent names cannot overload the store. No name is kept: a call
// that waits for the read keeps its own (EpochWaiters, WatchHub).
#ifndef CLOCKWISE_SERVICE_RPC_STORE_READER_H_
#define CLOCKWISE_SERVICE_RPC_STORE_READER_H_

#include <chrono>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "service/membership/membership.h"
#include "service/runtime/mutex.h"
#include "service/runtime/periodic_task.h"

namespace clockwise {

// Returns STORE_UNAVAILABLE: `ring` is not known, and the store was not read in
// time to say whether it exists.
absl::Status NotRead(const std::string& ring);

class StoreReader {
 public:
  using Clock = PeriodicTask::Clock;

  explicit StoreReader(Membership& membership);
  StoreReader(const StoreReader&) = delete;
  StoreReader& operator=(const StoreReader&) = delete;

  // Makes sure that a read begins, or has begun, at `since` or later. The
  // listener of the membership is called with "" when it ends. Does not block.
  void ReadSince(Clock::time_point since);

  // Ends the reads. A read in progress is waited for.
  void Stop() { task_.Stop(); }

 private:
  // Reads if a call waits for it. Returns the time of the next read.
  Clock::time_point Read();

  Membership& membership_;
  Mutex mu_;
  Clock::time_point wanted_ ABSL_GUARDED_BY(mu_);
  Clock::time_point begun_ ABSL_GUARDED_BY(mu_);
  PeriodicTask task_;  // last, because it uses the members above
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_STORE_READER_H_
