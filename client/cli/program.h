// The whole program but for what belongs to the process: parses, runs the
// command, tells of its failure.
#ifndef CLOCKWISE_CLIENT_CLI_PROGRAM_H_
#define CLOCKWISE_CLIENT_CLI_PROGRAM_H_

#include "client/cli/failure.h"

namespace clockwise::cli {

ExitCode RunProgram(int argc, char** argv);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_PROGRAM_H_
