#include "client/cli/failure.h"

#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "clockwise/v1/placement.pb.h"
#include "service/api/refusal.h"

namespace clockwise::cli {
namespace {

constexpr absl::string_view kExitUrl = "clockwise.cli/exit";
constexpr absl::string_view kHintUrl = "clockwise.cli/hint";
constexpr absl::string_view kUncertainUrl = "clockwise.cli/uncertain";

absl::Status WithExit(absl::Status status, ExitCode code) {
  status.SetPayload(kExitUrl, absl::Cord(absl::StrCat(static_cast<int>(code))));
  return status;
}

// gRPC's texts for a failed connection are chains of "where: what: why".
absl::string_view LastPart(absl::string_view text) {
  const size_t colon = text.rfind(": ");
  return colon == absl::string_view::npos ? text : text.substr(colon + 2);
}

// Returns the text for a failed call; the reason and the field of a server's
// answer stay.
absl::Status Explained(const client::Outcome& outcome,
                       absl::string_view servers) {
  const absl::Status& failure = outcome.status;
  if (client::NeverReached(outcome)) {
    return NotReached(servers, WhyNotReached(outcome));
  }
  if (ReasonOf(failure) != v1::ERROR_REASON_UNSPECIFIED) return failure;
  // Without a reason, the status is from the connection or from a proxy.
  switch (failure.code()) {
    case absl::StatusCode::kUnavailable:
      return WithExit(absl::UnavailableError(absl::StrCat(
                          "the connection to ", servers, " was lost")),
                      ExitCode::kNotReached);
    case absl::StatusCode::kDeadlineExceeded:
      // Not a hint: a change needs its own, which names the request ID.
      return absl::DeadlineExceededError(absl::StrCat(
          servers,
          " did not answer in time; --timeout=SECONDS increases the limit"));
    case absl::StatusCode::kUnimplemented:
      return WithHint(failure, absl::StrCat("check that ", servers,
                                            " is a Clockwise server, of this "
                                            "version or later"));
    default:
      return failure;
  }
}

}  // namespace

absl::Status BadUsage(absl::string_view text) {
  return WithExit(absl::InvalidArgumentError(text), ExitCode::kBadUsage);
}

absl::Status NotReached(absl::string_view server, absl::string_view why,
                        absl::string_view hint) {
  absl::Status failure =
      WithExit(absl::UnavailableError(
                   absl::StrCat("no server reached at ", server, ": ", why)),
               ExitCode::kNotReached);
  if (!hint.empty()) return WithHint(std::move(failure), hint);
  const std::string listen = absl::StartsWith(server, "unix:")
                                 ? absl::StrCat(" --listen=", server)
                                 : "";
  return WithHint(std::move(failure),
                  absl::StrCat("start one with `clockwised", listen,
                               "`, or name another with --server=HOST:PORT"));
}

std::string WhyNotReached(const client::Outcome& outcome) {
  return absl::IsDeadlineExceeded(outcome.status)
             ? "timeout while connecting"
             : std::string(LastPart(outcome.status.message()));
}

absl::Status OutputClosed() {
  return WithExit(absl::CancelledError("the output was closed"),
                  ExitCode::kDone);
}

absl::Status WouldChange() {
  return WithExit(absl::FailedPreconditionError("the plan is not empty"),
                  ExitCode::kWouldChange);
}

absl::Status Explain(const client::Outcome& outcome,
                     absl::string_view servers) {
  if (outcome.status.ok()) return outcome.status;
  absl::Status failure = Explained(outcome, servers);
  if (outcome.maybe_applied || client::MayBeApplied(outcome)) {
    failure.SetPayload(kUncertainUrl, absl::Cord("1"));
  }
  return failure;
}

bool IsUncertain(const absl::Status& failure) {
  return failure.GetPayload(kUncertainUrl).has_value();
}

absl::Status UnknownOutcome(absl::Status failure,
                            absl::string_view what_to_do) {
  // The last attempt may have changed nothing, when an earlier one is unknown.
  constexpr absl::string_view kLast = "; nothing was changed";
  if (absl::StrContains(failure.message(), kLast)) {
    absl::Status unknown(
        failure.code(),
        absl::StrCat(absl::StrReplaceAll(failure.message(), {{kLast, ""}}),
                     "; an earlier attempt was not answered"));
    failure.ForEachPayload([&](absl::string_view url, const absl::Cord& value) {
      unknown.SetPayload(url, value);
    });
    failure = std::move(unknown);
  }
  failure.SetPayload(kHintUrl, absl::Cord(absl::StrCat(
                                   "the outcome is unknown: ", what_to_do)));
  return WithExit(std::move(failure), ExitCode::kUnknown);
}

absl::Status WithHint(absl::Status failure, absl::string_view hint) {
  if (HintOf(failure).empty()) failure.SetPayload(kHintUrl, absl::Cord(hint));
  return failure;
}

std::string HintOf(const absl::Status& failure) {
  const auto hint = failure.GetPayload(kHintUrl);
  return hint.has_value() ? std::string(*hint) : std::string();
}

ExitCode ExitCodeOf(const absl::Status& status) {
  if (status.ok()) return ExitCode::kDone;
  const auto code = status.GetPayload(kExitUrl);
  if (!code.has_value()) return ExitCode::kRefused;
  if (*code == "0") return ExitCode::kDone;
  if (*code == "4") return ExitCode::kWouldChange;
  if (*code == "5") return ExitCode::kUnknown;
  return *code == "2" ? ExitCode::kBadUsage : ExitCode::kNotReached;
}

}  // namespace clockwise::cli
