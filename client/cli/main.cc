// The main function of the command `clockwise`.
#include <csignal>
#include <cstdlib>

#include "absl/synchronization/mutex.h"
#include "client/cli/program.h"

int main(int argc, char** argv) {
  // This must be before gRPC takes its first lock. The packaged Abseil reports
  // some of gRPC's lock orders as deadlocks, and the search for them is slow.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  // A reader that closes the pipe is not a failure; see Output.
  std::signal(SIGPIPE, SIG_IGN);
  // gRPC's log would mix with the output of this program.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  return clockwise::cli::RunProgram(argc, argv);
}
