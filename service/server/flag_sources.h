// Where the server's flags come from: the config file, the environment, the
// command line, each winning over those before it. Stateless.
#ifndef CLOCKWISE_SERVICE_SERVER_FLAG_SOURCES_H_
#define CLOCKWISE_SERVICE_SERVER_FLAG_SOURCES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace CLI {
class App;
}

namespace clockwise {

// Flags as arguments: --NAME=VALUE, or on the command line as they stand there.
struct FlagSource {
  std::string name;  // in words
  std::vector<std::string> arguments;
};

// All sources of the flags of `app`, in the order in which they win.
// InvalidArgument: one line that says which line of the file is wrong.
absl::StatusOr<std::vector<FlagSource>> FlagSources(
    const CLI::App& app, const std::vector<std::string>& command_line);

// What each flag of `app`, which has parsed them, is, as a config file that
// says where each value comes from.
std::string ConfigText(const CLI::App& app,
                       const std::vector<FlagSource>& sources);
// The same of those that are no defaults, on one line.
std::string ConfigLine(const CLI::App& app,
                       const std::vector<FlagSource>& sources);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_SERVER_FLAG_SOURCES_H_
