#include "client/lib/retries.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/match.h"
#include "service/api/refusal.h"
#include "service/channel/status_mapping.h"

namespace clockwise::client {
namespace {

// A server that hangs must leave time to call another.
constexpr absl::Duration kLeastForOne = absl::Seconds(1);

bool IsAnswer(const absl::Status& failure) {
  return ReasonOf(failure) != v1::ERROR_REASON_UNSPECIFIED;
}

}  // namespace

bool NeverReached(const Outcome& failure) {
  const absl::Status& status = failure.status;
  if (IsAnswer(status)) return false;
  if (absl::IsDeadlineExceeded(status)) return !failure.connected;
  // gRPC's text distinguishes a failed connection from a lost one. If the text
  // ever changes, a failed connection counts as lost, so fewer calls are
  // repeated.
  return absl::IsUnavailable(status) &&
         (absl::StrContains(status.message(), "failed to connect") ||
          absl::StrContains(status.message(), "resolution failed"));
}

bool MayBeApplied(const Outcome& failure) {
  const absl::Status& status = failure.status;
  if (status.ok() || NeverReached(failure)) return false;
  if (IsAnswer(status)) return LeavesOutcomeOpen(status);
  // Without a reason, the status is from gRPC or from a proxy. Each code of
  // MayPass can follow a request that a server received.
  return MayPass(status);
}

bool IsFinal(const absl::Status& failure) {
  if (!IsAnswer(failure)) return false;
  switch (failure.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
      return true;
    default:
      return false;
  }
}

bool MayPass(const absl::Status& failure) {
  switch (failure.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kDeadlineExceeded:
    // gRPC reports a connection that was cut within a frame with these codes.
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
      return true;
    default:
      return false;
  }
}

absl::Duration WaitAfter(const absl::Status& failure, absl::Duration pause,
                         absl::Duration longest) {
  const absl::Duration requested = std::min(RetryDelayOf(failure), longest);
  return requested > absl::ZeroDuration() ? requested : pause;
}

Retries::Retries(const RetryPolicy& policy, size_t servers, absl::Time now)
    : policy_(policy),
      servers_(servers),
      deadline_(now + policy.timeout),
      for_one_(std::max(kLeastForOne,
                        policy.timeout / static_cast<int64_t>(servers))),
      backoff_(policy.first_wait, policy.longest_wait) {}

absl::Time Retries::AttemptDeadline(absl::Time now) const {
  return std::min(now + for_one_, deadline_);
}

std::optional<absl::Duration> Retries::Next(const Outcome& failure,
                                            absl::Time now, double random) {
  const bool reached = !NeverReached(failure);
  if (attempts_ == 0 || (reached && !reached_)) plainest_ = failure;
  reached_ = reached_ || reached;
  last_ = failure;
  ++attempts_;
  maybe_applied_ =
      (maybe_applied_ && !IsFinal(failure.status)) || MayBeApplied(failure);
  const bool passes =
      MayPass(failure.status) ||
      (policy_.repeat_aborted && absl::IsAborted(failure.status));
  if (!passes || (reached && !policy_.repeatable)) return std::nullopt;
  const size_t rounds = reached_ ? policy_.rounds_once_reached : policy_.rounds;
  if (attempts_ / servers_ >= rounds) return std::nullopt;
  absl::Duration wait = RetryDelayOf(failure.status);
  if (wait == absl::ZeroDuration() && attempts_ % servers_ == 0) {
    wait = backoff_.Next(random);
  }
  if (now + wait >= deadline_) return std::nullopt;
  return wait;
}

Outcome Retries::reported() const {
  const bool connection_failed =
      NeverReached(last_) ||
      (absl::IsUnavailable(last_.status) && !IsAnswer(last_.status));
  Outcome reported = connection_failed ? plainest_ : last_;
  reported.maybe_applied = maybe_applied_;
  return reported;
}

}  // namespace clockwise::client
