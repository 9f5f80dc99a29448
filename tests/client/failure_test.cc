#include "client/cli/failure.h"

#include <gtest/gtest.h>

#include "service/api/refusal.h"

namespace clockwise::cli {
namespace {

TEST(FailureTest, RefusalKeepsItsReasonAndIsExitOne) {
  const absl::Status failure = Explain(
      {Refusal(v1::ERROR_REASON_NODE_NOT_FOUND, "no node n9"), true}, "h:1");
  EXPECT_EQ(ReasonOf(failure), v1::ERROR_REASON_NODE_NOT_FOUND);
  EXPECT_EQ(failure.message(), "no node n9");
  EXPECT_EQ(ExitCodeOf(failure), ExitCode::kRefused);
  EXPECT_FALSE(IsUncertain(failure));
}

TEST(FailureTest, UnavailableFromAServerThatAnsweredIsExitOne) {
  const absl::Status failure = Explain(
      {Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE, "store away"), true}, "h:1");
  EXPECT_EQ(ExitCodeOf(failure), ExitCode::kRefused);
  EXPECT_TRUE(IsUncertain(failure));
}

TEST(FailureTest, AChangeThatTheStoreRejectedWasCertainlyNotMade) {
  for (const v1::ErrorReason reason :
       {v1::ERROR_REASON_STORE_REFUSED, v1::ERROR_REASON_STORE_FULL}) {
    const absl::Status failure =
        Explain({Refusal(reason, "permission denied"), true}, "h:1");
    EXPECT_EQ(ExitCodeOf(failure), ExitCode::kRefused);
    EXPECT_FALSE(IsUncertain(failure));
  }
}

TEST(FailureTest, ConnectionThatFailedIsExitThreeAndSaysHowToStart) {
  const absl::Status failure = Explain(
      {absl::UnavailableError(
           "failed to connect to all addresses; last error: UNKNOWN: "
           "ipv4:127.0.0.1:1: Failed to connect to remote host: Connection "
           "refused"),
       false},
      "127.0.0.1:1");
  EXPECT_EQ(ExitCodeOf(failure), ExitCode::kNotReached);
  EXPECT_EQ(failure.message(),
            "no server reached at 127.0.0.1:1: Connection refused");
  EXPECT_NE(HintOf(failure).find("clockwised"), std::string::npos);
  EXPECT_FALSE(IsUncertain(failure));  // no request can have been received
}

TEST(FailureTest, ConnectionThatWasLostLeavesTheOutcomeOpen) {
  const absl::Status failure =
      Explain({absl::UnavailableError("Socket closed"), false}, "h:1");
  EXPECT_EQ(ExitCodeOf(failure), ExitCode::kNotReached);
  EXPECT_TRUE(IsUncertain(failure));
}

TEST(FailureTest, ConnectionThatWasCutWithinAMessageLeavesTheOutcomeOpen) {
  for (const absl::Status& cut :
       {absl::InternalError("RST_STREAM"), absl::UnknownError("Stream removed"),
        absl::CancelledError("cancelled")}) {
    EXPECT_TRUE(IsUncertain(Explain({cut, true}, "h:1"))) << cut;
  }
}

// In doubt without a reason: the request may have been received.
TEST(FailureTest, OnlyALostAnswerLeavesTheOutcomeOpen) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "x");
    const bool open = absl::IsUnavailable(status) ||
                      absl::IsDeadlineExceeded(status) ||
                      absl::IsCancelled(status) || absl::IsInternal(status) ||
                      absl::IsUnknown(status);
    EXPECT_EQ(IsUncertain(Explain({status, true}, "h:1")), open) << status;
  }
  for (const absl::Status& unsent :
       {absl::UnavailableError("failed to connect to all addresses"),
        absl::UnavailableError("DNS resolution failed"),
        absl::DeadlineExceededError("")}) {
    EXPECT_FALSE(IsUncertain(Explain({unsent, false}, "h:1"))) << unsent;
  }
}

TEST(FailureTest, AnswerOfAServerIsInDoubtOnlyIfItSaysSo) {
  for (int reason = 1; v1::ErrorReason_IsValid(reason); ++reason) {
    const absl::Status answer =
        Refusal(static_cast<v1::ErrorReason>(reason), "x");
    const bool store = reason == v1::ERROR_REASON_STORE_UNAVAILABLE;
    EXPECT_EQ(IsUncertain(Explain({answer, true}, "h:1")), store) << answer;
    const absl::Status certain = WithOutcome(answer, /*maybe_made=*/false);
    EXPECT_FALSE(IsUncertain(Explain({certain, true}, "h:1"))) << certain;
    const absl::Status doubtful = WithOutcome(answer, /*maybe_made=*/true);
    EXPECT_EQ(IsUncertain(Explain({doubtful, true}, "h:1")), store);
  }
}

TEST(FailureTest, AnUnknownOutcomeIsNotCalledUnchanged) {
  const absl::Status last = WithOutcome(
      Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE, "no etcd"), false);
  ASSERT_EQ(last.message(), "no etcd; nothing was changed");
  const absl::Status unknown = UnknownOutcome(last, "repeat it");
  EXPECT_EQ(unknown.message(), "no etcd; an earlier attempt was not answered");
  EXPECT_EQ(ReasonOf(unknown), v1::ERROR_REASON_STORE_UNAVAILABLE);
  EXPECT_EQ(HintOf(unknown), "the outcome is unknown: repeat it");
}

TEST(FailureTest, DoubtAboutAnEarlierAttemptStays) {
  client::Outcome outcome{Refusal(v1::ERROR_REASON_PERMISSION_DENIED, "no"),
                          true};
  EXPECT_FALSE(IsUncertain(Explain(outcome, "h:1")));
  outcome.maybe_applied = true;
  EXPECT_TRUE(IsUncertain(Explain(outcome, "h:1")));
}

TEST(FailureTest, UnknownOutcomeIsExitFiveAndReplacesOtherAdvice) {
  const absl::Status unknown = UnknownOutcome(
      WithHint(Explain({absl::UnknownError("cut"), true}, "h:1"), "other"),
      "repeat it");
  EXPECT_EQ(ExitCodeOf(unknown), 5);
  EXPECT_EQ(HintOf(unknown), "the outcome is unknown: repeat it");
}

TEST(FailureTest, OutcomeIsStatedOnce) {
  const absl::Status once = WithOutcome(
      Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE, "etcd: permission denied"),
      /*maybe_made=*/false);
  EXPECT_EQ(once.message(), "etcd: permission denied; nothing was changed");
  EXPECT_EQ(WithOutcome(once, /*maybe_made=*/true), once);
  EXPECT_EQ(WithOutcome(Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                                "queued; nothing was changed; retry later"),
                        /*maybe_made=*/false)
                .message(),
            "queued; nothing was changed; retry later");
}

TEST(FailureTest, DeadlineIsExitThreeOnlyWithoutAConnection) {
  const absl::Status late = absl::DeadlineExceededError("");
  EXPECT_EQ(ExitCodeOf(Explain({late, false}, "h:1")), ExitCode::kNotReached);
  EXPECT_EQ(ExitCodeOf(Explain({late, true}, "h:1")), ExitCode::kRefused);
  EXPECT_TRUE(IsUncertain(Explain({late, true}, "h:1")));
}

TEST(FailureTest, ClosedOutputEndsQuietly) {
  EXPECT_EQ(ExitCodeOf(OutputClosed()), ExitCode::kDone);
  EXPECT_EQ(ExitCodeOf(BadUsage("x")), ExitCode::kBadUsage);
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), ExitCode::kDone);
}

TEST(FailureTest, FirstHintStands) {
  EXPECT_EQ(HintOf(WithHint(WithHint(BadUsage("x"), "a"), "b")), "a");
}

TEST(FailureTest, PlanThatIsNotEmptyIsExitFour) {
  EXPECT_EQ(ExitCodeOf(WouldChange()), 4);
  EXPECT_FALSE(IsUncertain(WouldChange()));
}

}  // namespace
}  // namespace clockwise::cli
