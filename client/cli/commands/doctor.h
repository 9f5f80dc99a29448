// Whether several servers are well, and agree. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_COMMANDS_DOCTOR_H_
#define CLOCKWISE_CLIENT_CLI_COMMANDS_DOCTOR_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise::cli {

// What one server said when it was asked.
struct Examined {
  std::string server;
  absl::Status failure;  // not OK: it said nothing
  v1::GetStatusResponse status;
  absl::Time asked_at, answered_at;  // by the own clock
};

// How far the server's clock is from the own one, as far as can be told: its
// answer was made at some time between. 0: maybe not at all.
absl::Duration ClockError(const Examined& examined);

// What is wrong with the servers one by one, and where they disagree; each a
// line for people. Empty: all is well.
std::vector<std::string> Problems(const std::vector<Examined>& servers);

// Whether they disagree only as servers do while a change is on its way: at
// different epochs of rings that they all have.
bool MayBeOnItsWay(const std::vector<Examined>& servers);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_COMMANDS_DOCTOR_H_
