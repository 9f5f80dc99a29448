// Functions that the commands that change a ring share: their options, the call
// that is safe to repeat, and the report of the moves.
#ifndef CLOCKWISE_CLIENT_CLI_COMMANDS_CHANGE_H_
#define CLOCKWISE_CLIENT_CLI_COMMANDS_CHANGE_H_

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/cli/session.h"

namespace clockwise::cli {

struct ChangeOptions {
  bool plan = false;
  std::string reason;
  std::string request_id;  // empty: a random ID
  uint64_t expected_epoch = 0;
  uint64_t expected_incarnation = 0;
};

// Words for the report of a change.
struct ChangeWords {
  std::string done;     // "added"
  std::string planned;  // "would add"
  std::string node_id;
  // It updates the node if it is there; then the report says so.
  bool may_update = false;
};

// Adds --reason and --request-id to `command`.
void AddReasonOptions(CLI::App* command, std::string& reason,
                      std::string& request_id);
// Adds these, --expected-epoch and --expected-incarnation to `command`.
void AddRequestOptions(CLI::App* command, ChangeOptions& options);
// Adds these and --plan to `command`.
void AddChangeOptions(CLI::App* command, ChangeOptions& options);

// Adds --request-id to `command`.
void AddRequestIdOption(CLI::App* command, std::string& request_id);

// Returns 32 random hexadecimal digits.
std::string NewRequestId();

// Returns the command line that applies the change that `arguments` planned, if
// the ring is still at `epoch`; 0 means any.
std::string ApplyLine(const std::vector<std::string>& arguments,
                      uint64_t epoch);

// Returns "15.2 % of the hash space moved (least possible 15.2 %)", or "would
// move".
std::string MovedText(const v1::Change& change, bool plan);

// Returns a report for people: what `change` did, or what the plan would do.
std::string ChangeReport(const v1::Change& change, const ChangeWords& words,
                         const ChangeOptions& options, Session& session);

// Adds advice to the failure of a change. If the change may have been applied:
// the outcome is unknown, and the advice is the repetition with `request_id`.
absl::Status AdviseChange(Session& session, absl::Status failure,
                          const ChangeWords& words,
                          const std::string& request_id, bool plan);

// Sends `request` with a request_id and reports the change. Sends the same
// request again if the server or the connection fails.
template <typename Request, typename Response>
absl::Status MakeChange(Session& session, const ChangeOptions& options,
                        const ChangeWords& words,
                        Connection::Method<Request, Response> method,
                        Request request) {
  request.set_ring(session.globals.ring);
  request.set_request_id(options.request_id.empty() ? NewRequestId()
                                                    : options.request_id);
  request.set_expected_epoch(options.expected_epoch);
  request.set_expected_incarnation(options.expected_incarnation);
  request.set_validate_only(options.plan);
  request.set_reason(options.reason);
  request.set_include_moves(true);
  Response response;
  const absl::Status failure =
      session.connection.Call(method, request, &response, Retry::kFewTimes);
  if (!failure.ok()) {
    return AdviseChange(session, failure, words, request.request_id(),
                        options.plan);
  }
  if (session.globals.json()) return session.out.WriteJson(response);
  return session.out.Write(
      ChangeReport(response.change(), words, options, session));
}

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_COMMANDS_CHANGE_H_
