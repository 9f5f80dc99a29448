// Retries decides whether and when a failed call is repeated. The client
// library and the command `clockwise` use this one rule. Thread-compatible.
//
// It is passive: time and random numbers are parameters, and CallServers
// (call.h) makes the attempts. Attempts go from one server to the next, and
// wait after each round over all servers. A server's RetryInfo replaces the
// wait.
#ifndef CLOCKWISE_CLIENT_LIB_RETRIES_H_
#define CLOCKWISE_CLIENT_LIB_RETRIES_H_

#include <cstddef>
#include <limits>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/lib/backoff.h"

namespace clockwise::client {

struct RetryPolicy {
  static constexpr size_t kNoLimit = std::numeric_limits<size_t>::max();

  absl::Duration timeout;  // for all attempts together
  // Waits between rounds: the first one, doubled up to the longest one.
  absl::Duration first_wait;
  absl::Duration longest_wait;
  // Maximum number of rounds while no server was reached.
  size_t rounds = kNoLimit;
  // Maximum number of rounds after a server was reached, because that server is
  // likely to return.
  size_t rounds_once_reached = kNoLimit;
  // True if the call can be repeated safely: it reads, or has a request_id.
  // False: no attempt follows an attempt that may have reached a server.
  bool repeatable = true;
  // True if ABORTED, a lost race against another change, is repeated.
  bool repeat_aborted = false;
};

// Outcome is the result of one attempt.
struct Outcome {
  absl::Status status;
  bool connected = false;  // the channel was ready when the attempt ended
  // The attempt, or one before it, may have been applied if it was a change.
  bool maybe_applied = false;
};

// Returns true if the failed call certainly never reached a server.
bool NeverReached(const Outcome& failure);

// Returns true if the failed attempt may have been applied, if it was a change:
// its answer was lost, or the server's answer leaves the outcome open.
bool MayBeApplied(const Outcome& failure);

// Returns true if the failure also means that no earlier attempt with the same
// request_id was applied, or will be (proto/README.md, "What a failure means").
bool IsFinal(const absl::Status& failure);

// Returns true if the same call may succeed later or at another server.
bool MayPass(const absl::Status& failure);

// Returns the wait before the next stream, after one ended with `failure`: the
// time that the server requests, but at most `longest`, else `pause`.
absl::Duration WaitAfter(const absl::Status& failure, absl::Duration pause,
                         absl::Duration longest);

class Retries {
 public:
  // `servers` is the number of servers, at least 1.
  Retries(const RetryPolicy& policy, size_t servers, absl::Time now);

  // Returns the deadline of an attempt that begins now. It leaves time for the
  // other servers.
  absl::Time AttemptDeadline(absl::Time now) const;

  // Records a failed attempt. Returns the wait before the next attempt, which
  // goes to the next server; nullopt if there is no next attempt. `random` is
  // from 0 to 1.
  std::optional<absl::Duration> Next(const Outcome& failure, absl::Time now,
                                     double random);

  // Returns the failure to report after the last attempt. An answer of a server
  // has priority over a lost connection, which has priority over a server that
  // was never reached. The first failure of a kind has the clearest reason.
  // `maybe_applied` is about all attempts.
  Outcome reported() const;

 private:
  const RetryPolicy policy_;
  const size_t servers_;
  const absl::Time deadline_;
  const absl::Duration for_one_;
  Backoff backoff_;
  size_t attempts_ = 0;
  bool reached_ = false;  // true once any server was reached
  bool maybe_applied_ = false;
  Outcome plainest_;
  Outcome last_;
};

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_RETRIES_H_
