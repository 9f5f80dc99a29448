// A failure of the command is an absl::Status that also says, in payloads, the
// exit code and at most one line of advice. Pure functions.
//
// The ErrorInfo and BadRequest of a refusal are payloads as in
// service/api/refusal.h, so ReasonOf works on what a server refused.
#ifndef CLOCKWISE_CLIENT_CLI_FAILURE_H_
#define CLOCKWISE_CLIENT_CLI_FAILURE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/lib/retries.h"

namespace clockwise::cli {

// How the program ends; part of its contract.
enum ExitCode : int {
  kDone = 0,
  kRefused = 1,  // by the server; also output that could not be written
  kBadUsage = 2,
  kNotReached = 3,
  kWouldChange = 4,  // a plan of `apply` that is not empty
};

// The user asked for what cannot be: kBadUsage.
absl::Status BadUsage(absl::string_view text);

// No server answered at `server`: kNotReached.
absl::Status NotReached(absl::string_view server, absl::string_view why);

// Nobody reads the output any more (a pipe into `head`): ends quietly, kDone.
absl::Status OutputClosed();

// A plan was made, and it is not empty: ends quietly, kWouldChange.
absl::Status WouldChange();

// Returns the outcome of a call as this program reports it. `servers`: the
// addresses that were called.
absl::Status Explain(const client::Outcome& outcome, absl::string_view servers);

// Whether the failure leaves open what became of a change that was sent.
bool IsUncertain(const absl::Status& failure);

// `failure` with one line of advice, unless it has one.
absl::Status WithHint(absl::Status failure, absl::string_view hint);

// Empty if there is none.
std::string HintOf(const absl::Status& failure);

// OK is kDone.
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_FAILURE_H_
