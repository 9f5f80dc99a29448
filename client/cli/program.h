// RunProgram is the program, except the settings of the process: it parses the
// arguments, runs the command and reports its failure.
#ifndef CLOCKWISE_CLIENT_CLI_PROGRAM_H_
#define CLOCKWISE_CLIENT_CLI_PROGRAM_H_

#include "client/cli/failure.h"

namespace clockwise::cli {

ExitCode RunProgram(int argc, char** argv);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_PROGRAM_H_
