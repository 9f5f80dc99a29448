// Functions that check whether several servers are healthy and agree. Pure
// functions.
#ifndef CLOCKWISE_CLIENT_CLI_COMMANDS_DOCTOR_H_
#define CLOCKWISE_CLIENT_CLI_COMMANDS_DOCTOR_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise::cli {

// The response of one server.
struct Examined {
  std::string server;
  absl::Status failure;  // not OK: it did not respond
  v1::GetStatusResponse status;
  absl::Time asked_at, answered_at;  // on the local clock
};

// Returns the smallest possible error of the server's clock. The server read
// its clock between asked_at and answered_at on the local clock. 0: there may
// be no error.
absl::Duration ClockError(const Examined& examined);

// Returns the problems of each server, and the differences between servers,
// each as a line for people. Empty if there are none.
std::vector<std::string> Problems(const std::vector<Examined>& servers);

// True if a ring is at different epochs on the servers, which can happen while
// a change is being delivered.
bool MayBeOnItsWay(const std::vector<Examined>& servers);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_COMMANDS_DOCTOR_H_
