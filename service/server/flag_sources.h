// Reads the server's flags from the config file, the environment and the
// command line. Later sources override earlier ones. Stateless.
#ifndef CLOCKWISE_SERVICE_SERVER_FLAG_SOURCES_H_
#define CLOCKWISE_SERVICE_SERVER_FLAG_SOURCES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace CLI {
class App;
}

namespace clockwise {

// FlagSource holds the flags of one source as arguments: --NAME=VALUE, or the
// arguments of the command line.
struct FlagSource {
  std::string name;  // for messages
  std::vector<std::string> arguments;
};

// Returns all sources of the flags of `app`; later ones override earlier ones.
// INVALID_ARGUMENT: the file cannot be read or a line is not valid; the message
// is one line.
absl::StatusOr<std::vector<FlagSource>> FlagSources(
    const CLI::App& app, const std::vector<std::string>& command_line);

// Returns the values of all flags of `app`, which has parsed them, as a config
// file. Comments in it say where the values come from.
std::string ConfigText(const CLI::App& app,
                       const std::vector<FlagSource>& sources);
// Returns the values that are not defaults, with their sources, on one line.
std::string ConfigLine(const CLI::App& app,
                       const std::vector<FlagSource>& sources);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_SERVER_FLAG_SOURCES_H_
