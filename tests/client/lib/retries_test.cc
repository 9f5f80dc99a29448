#include "client/lib/retries.h"

#include <chrono>
#include <optional>

#include "gtest/gtest.h"
#include "service/api/refusal.h"
#include "service/channel/status_mapping.h"

namespace clockwise::client {
namespace {

using std::nullopt;

const absl::Time kStart = absl::UnixEpoch();
constexpr absl::Duration kSecond = absl::Seconds(1);

// Waits 1 s, 2 s, 4 s, 4 s, … with random number 0.
RetryPolicy Policy() {
  RetryPolicy policy;
  policy.timeout = absl::Seconds(60);
  policy.first_wait = kSecond;
  policy.longest_wait = 4 * kSecond;
  return policy;
}

const Outcome kUnreached{
    absl::UnavailableError("failed to connect to all addresses"), false};
const Outcome kLost{absl::UnavailableError("Socket closed"), false};
const Outcome kStoreAway{
    Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE, "store away"), true};

TEST(RetriesTest, WaitsGrowUntilTheTimeIsOver) {
  Retries retries(Policy(), 1, kStart);
  EXPECT_EQ(retries.Next(kUnreached, kStart, 0), kSecond);
  EXPECT_EQ(retries.Next(kUnreached, kStart, 0), 2 * kSecond);
  EXPECT_EQ(retries.Next(kUnreached, kStart, 1), 2 * kSecond);  // half of 4 s
  EXPECT_EQ(retries.Next(kUnreached, kStart + 55 * kSecond, 0), 4 * kSecond);
  EXPECT_EQ(retries.Next(kUnreached, kStart + 56 * kSecond, 0), nullopt);
}

TEST(RetriesTest, ACallWaitsOnlyAfterARoundOverAllServers) {
  Retries retries(Policy(), 3, kStart);
  for (const absl::Duration round : {kSecond, 2 * kSecond}) {
    EXPECT_EQ(retries.Next(kUnreached, kStart, 0), absl::ZeroDuration());
    EXPECT_EQ(retries.Next(kLost, kStart, 0), absl::ZeroDuration());
    EXPECT_EQ(retries.Next(kUnreached, kStart, 0), round);
  }
}

TEST(RetriesTest, AServersRetryInfoTakesThePlaceOfTheWait) {
  const Outcome asked{Overloaded("busy"), true};  // asks for 1 s
  RetryPolicy policy = Policy();
  policy.first_wait = absl::Milliseconds(1);
  Retries one(policy, 1, kStart);
  EXPECT_EQ(one.Next(asked, kStart, 0), kSecond);
  Retries several(policy, 3, kStart);
  EXPECT_EQ(several.Next(asked, kStart, 0), kSecond);
  EXPECT_EQ(several.Next(asked, kStart + 59 * kSecond, 0), nullopt)
      << "the time would be over before the attempt";
}

TEST(RetriesTest, OnlyFailuresThatMayPassAreRepeated) {
  for (const absl::Status& status :
       {absl::UnavailableError("x"), absl::CancelledError("x"),
        absl::DeadlineExceededError("x"), absl::InternalError("x"),
        absl::UnknownError("x"), Draining()}) {
    EXPECT_NE(Retries(Policy(), 1, kStart).Next({status, true}, kStart, 0),
              nullopt)
        << status;
  }
  for (const absl::Status& status :
       {absl::InvalidArgumentError("x"), absl::NotFoundError("x"),
        absl::AlreadyExistsError("x"), absl::PermissionDeniedError("x"),
        absl::UnauthenticatedError("x"), absl::UnimplementedError("x"),
        absl::ResourceExhaustedError("x"), absl::FailedPreconditionError("x"),
        absl::AbortedError("x"), absl::OutOfRangeError("x"),
        absl::DataLossError("x")}) {
    Retries retries(Policy(), 3, kStart);
    EXPECT_EQ(retries.Next({status, true}, kStart, 0), nullopt) << status;
    EXPECT_EQ(retries.reported().status, status);
  }
}

TEST(RetriesTest, ALostRaceIsRepeatedIfThePolicySaysSo) {
  RetryPolicy policy = Policy();
  policy.repeat_aborted = true;
  const Outcome lost_race{absl::AbortedError("epoch"), true};
  EXPECT_EQ(Retries(policy, 1, kStart).Next(lost_race, kStart, 0), kSecond);
}

TEST(RetriesTest, RoundsAreCountedAndMoreIfAServerWasReached) {
  RetryPolicy policy = Policy();
  policy.rounds = 2;
  policy.rounds_once_reached = 3;
  Retries unreached(policy, 2, kStart);
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(unreached.Next(kUnreached, kStart, 0), nullopt);
  }
  EXPECT_EQ(unreached.Next(kUnreached, kStart, 0), nullopt);
  Retries reached(policy, 2, kStart);
  EXPECT_NE(reached.Next(kLost, kStart, 0), nullopt);
  for (int i = 0; i < 4; ++i) {
    EXPECT_NE(reached.Next(kUnreached, kStart, 0), nullopt);
  }
  EXPECT_EQ(reached.Next(kUnreached, kStart, 0), nullopt);
}

TEST(RetriesTest, ACallThatIsNotRepeatableGoesOnOnlyIfNothingArrived) {
  RetryPolicy policy = Policy();
  policy.repeatable = false;
  Retries retries(policy, 5, kStart);
  const Outcome no_connection{absl::DeadlineExceededError("x"), false};
  EXPECT_NE(retries.Next(kUnreached, kStart, 0), nullopt);
  EXPECT_NE(retries.Next(no_connection, kStart, 0), nullopt);
  for (const Outcome& maybe :
       {kLost, kStoreAway, Outcome{Draining(), true},
        Outcome{absl::DeadlineExceededError("x"), true}}) {
    EXPECT_EQ(Retries(policy, 5, kStart).Next(maybe, kStart, 0), nullopt)
        << maybe.status;
  }
}

// Returns whether a change may have been applied after these failures.
bool MaybeApplied(const std::vector<Outcome>& failures) {
  Retries retries(Policy(), 1, kStart);
  for (const Outcome& failure : failures) {
    (void)retries.Next(failure, kStart, 0);
  }
  return retries.reported().maybe_applied;
}

TEST(RetriesTest, DoubtStaysUntilAServerRefusesTheRequestIdForGood) {
  const Outcome denied{Refusal(v1::ERROR_REASON_PERMISSION_DENIED, "x"), true};
  const Outcome full{Refusal(v1::ERROR_REASON_LIMIT_REACHED, "x"), true};
  const Outcome exists{Refusal(v1::ERROR_REASON_NODE_EXISTS, "x"), true};
  EXPECT_FALSE(MaybeApplied({kUnreached, kUnreached}));
  EXPECT_FALSE(MaybeApplied({denied}));
  EXPECT_FALSE(MaybeApplied({kUnreached, Outcome{Draining(), true}, full}));
  EXPECT_TRUE(MaybeApplied({kLost, kUnreached}));
  EXPECT_TRUE(MaybeApplied({kLost, denied}));
  EXPECT_TRUE(MaybeApplied({kLost, full}));
  EXPECT_FALSE(MaybeApplied({kLost, exists}));
  // A proxy's answer is not about the request.
  EXPECT_TRUE(MaybeApplied({kLost, {absl::NotFoundError("no page"), true}}));
}

TEST(RetriesTest, AnAttemptLeavesTimeForTheOtherServers) {
  Retries three(Policy(), 3, kStart);
  EXPECT_EQ(three.AttemptDeadline(kStart), kStart + 20 * kSecond);
  EXPECT_EQ(three.AttemptDeadline(kStart + 50 * kSecond),
            kStart + 60 * kSecond);
  EXPECT_EQ(Retries(Policy(), 1, kStart).AttemptDeadline(kStart),
            kStart + 60 * kSecond);
  EXPECT_EQ(Retries(Policy(), 100, kStart).AttemptDeadline(kStart),
            kStart + kSecond);
}

// After these failures, in this order.
absl::Status Reported(const std::vector<Outcome>& failures) {
  Retries retries(Policy(), 1, kStart);
  for (const Outcome& failure : failures) {
    (void)retries.Next(failure, kStart, 0);
  }
  return retries.reported().status;
}

TEST(RetriesTest, TheMostCertainFailureIsReported) {
  const Outcome later{
      absl::UnavailableError("failed to connect; last error: paced"), false};
  EXPECT_EQ(Reported({kUnreached, later}), kUnreached.status);
  EXPECT_EQ(Reported({kUnreached, kLost, later}), kLost.status);
  EXPECT_EQ(Reported({kLost, kStoreAway}), kStoreAway.status);
  EXPECT_EQ(Reported({kStoreAway, kUnreached}), kStoreAway.status);
  const Outcome refused{absl::NotFoundError("no node"), true};
  EXPECT_EQ(Reported({kUnreached, kLost, refused}), refused.status);
}

TEST(RetriesTest, AStreamWaitsAsLongAsItsServerRequestsWithinABound) {
  const absl::Status silent = absl::UnavailableError("gone");
  const auto requests = [&](int seconds) {
    return WithRetryDelay(silent, std::chrono::seconds(seconds));
  };
  const auto wait = [](const absl::Status& failure) {
    return WaitAfter(failure, absl::Seconds(1), absl::Seconds(5));
  };
  EXPECT_EQ(wait(silent), absl::Seconds(1));
  EXPECT_EQ(wait(requests(3)), absl::Seconds(3));
  EXPECT_EQ(wait(requests(60)), absl::Seconds(5));
}

}  // namespace
}  // namespace clockwise::client
