// Functions that check whether several servers are healthy and agree. Pure
// functions.
#ifndef CLOCKWISE_CLIENT_CLI_COMMANDS_DOCTOR_H_
#define CLOCKWISE_CLIENT_CLI_COMMANDS_DOCTOR_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise::cli {

// The response of one server.
struct Examined {
  std::string server;    // address
  bool listed = false;   // the address is from the store's list of servers
  absl::Status failure;  // not OK: it did not respond
  v1::GetStatusResponse status;
  absl::Time asked_at, answered_at;  // on the local clock
  // The largest peak-to-mean that the layout of each ring is expected to reach.
  // A ring that is not here is even enough for every layout.
  std::map<std::string, double> expected_peaks;
};

// Returns the largest peak-to-mean that the layout of `ring`, which includes
// its points, is expected to reach (service/ring/balance.h).
double ExpectedPeak(const v1::Snapshot& ring);

// Returns the smallest possible error of the server's clock. The server read
// its clock between asked_at and answered_at on the local clock. 0: there may
// be no error.
absl::Duration ClockError(const Examined& examined);

// Returns the failure of a listed address at which a server other than the
// listed one has responded.
absl::Status AnotherServerAnswers();

// Returns the problems of each server, and the differences between servers,
// each as a line for people. Empty if there are none.
std::vector<std::string> Problems(const std::vector<Examined>& servers);

// Returns the line for servers without problems. It says which servers of the
// store were not examined, unless `named_only`, which asked for that.
std::string WellLine(const std::vector<Examined>& servers, bool named_only);

// True if there is a difference that can pass within a second: a ring is at
// different epochs while a change is being delivered, and a server starts or
// stops before the list of servers shows it.
bool MayPass(const std::vector<Examined>& servers);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_COMMANDS_DOCTOR_H_
