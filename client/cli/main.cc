// The `clockwise` command.
#include <csignal>
#include <cstdlib>

#include "absl/synchronization/mutex.h"
#include "client/cli/program.h"

int main(int argc, char** argv) {
  // Before gRPC takes its first lock: the packaged Abseil takes some of gRPC's
  // lock orders for deadlocks, and slows it down by looking for them.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  // A reader that has seen enough is no failure; see Output.
  std::signal(SIGPIPE, SIG_IGN);
  // gRPC's own log would come between the lines of this program.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  return clockwise::cli::RunProgram(argc, argv);
}
