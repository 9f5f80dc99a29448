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
