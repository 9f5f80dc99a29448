// A failure of the command is an absl::Status with two more payloads: the exit
// code, and at most one line of advice. Pure functions.
//
// The ErrorInfo and BadRequest of a server's error are payloads as in
// service/api/refusal.h, so ReasonOf works on them.
#ifndef CLOCKWISE_CLIENT_CLI_FAILURE_H_
#define CLOCKWISE_CLIENT_CLI_FAILURE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/lib/retries.h"

namespace clockwise::cli {

// Exit code of the program; part of its contract.
enum ExitCode : int {
  kDone = 0,
  kRefused = 1,  // the server rejected it, or the output failed
  kBadUsage = 2,
  kNotReached = 3,
  kWouldChange = 4,  // a plan of `apply` that is not empty
  kUnknown = 5,      // a change was sent, and may have been applied
};

// Returns an error for an invalid command line or input: kBadUsage.
absl::Status BadUsage(absl::string_view text);

// Returns the error that no server answered at `server`: kNotReached. Without a
// `hint`, the advice is to start a server.
absl::Status NotReached(absl::string_view server, absl::string_view why,
                        absl::string_view hint = "");

// Returns why no server was reached (client::NeverReached).
std::string WhyNotReached(const client::Outcome& outcome);

// Returns the error that the reader closed the output (a pipe into `head`). The
// program then ends silently: kDone.
absl::Status OutputClosed();

// A plan was made, and it is not empty: ends quietly, kWouldChange.
absl::Status WouldChange();

// Returns the outcome of a call as this program reports it. `servers`: the
// addresses that were called.
absl::Status Explain(const client::Outcome& outcome, absl::string_view servers);

// True if a change that was sent may have been applied in spite of the failure.
bool IsUncertain(const absl::Status& failure);

// Returns the uncertain `failure` of a change with `what_to_do`, which names
// the exact repetition: kUnknown.
absl::Status UnknownOutcome(absl::Status failure, absl::string_view what_to_do);

// Returns `failure` with one line of advice, unless it already has one.
absl::Status WithHint(absl::Status failure, absl::string_view hint);

// Returns the line of advice; empty if there is none.
std::string HintOf(const absl::Status& failure);

// Returns the exit code; kDone for OK.
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_FAILURE_H_
