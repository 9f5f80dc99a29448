// Checks of values on the command line, as CLI11 validators. They have the same
// bounds as the server, so that a mistake is bad usage at once. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_OPTION_CHECKS_H_
#define CLOCKWISE_CLIENT_CLI_OPTION_CHECKS_H_

#include <CLI/CLI.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace clockwise::cli {

// Accepts only decimal digits without leading zeros. CLI11 alone would read 010
// as eight.
CLI::Validator WholeNumber(
    uint64_t least, uint64_t most = std::numeric_limits<uint64_t>::max());

// Accepts 1 to `most` values, separated by commas, that `each` accepts.
CLI::Validator ListOf(CLI::Validator each, size_t most);

// Accepts a number of seconds, above 0 and at most a day.
CLI::Validator Seconds();

// Accepts UTF-8 of at most `max_bytes` bytes. A protobuf string cannot hold
// other bytes.
CLI::Validator Text(size_t max_bytes);

// Checks for 1 to 128 printable ASCII characters, which metadata can carry.
CLI::Validator StatedActor();
// An incarnation: 16 hexadecimal digits, as tables show it, or another number
// of decimal digits, as JSON has it. Becomes decimal.
CLI::Validator Incarnation();

// Accepts 1 to 64 printable ASCII characters.
CLI::Validator RequestId();

// Accepts NAME=VALUE in UTF-8, where NAME is not empty.
CLI::Validator Label();

// Accepts a list of addresses of client/lib/server_address.h. Adds the default
// port, if it is used with transform().
CLI::Validator ServerAddresses();

// Returns the names of the layouts in this build.
std::vector<std::string> LayoutNames();
// Returns the names of the layouts that can place numbered nodes.
std::vector<std::string> SimulatedLayoutNames();

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_OPTION_CHECKS_H_
