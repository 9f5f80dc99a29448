// Checks of what is typed on the command line, for options to bear. They bound
// what the server would bound too, so that a slip is bad usage at once. Pure
// functions.
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

// Decimal digits alone: CLI11 would read 010 as eight.
CLI::Validator WholeNumber(
    uint64_t least, uint64_t most = std::numeric_limits<uint64_t>::max());

// 1 to `most` values parted by commas, each as `each` wants it.
CLI::Validator ListOf(CLI::Validator each, size_t most);

// Seconds, more than 0 and at most a day.
CLI::Validator Seconds();

// UTF-8 of at most so many bytes: protobuf strings can bear nothing else.
CLI::Validator Text(size_t max_bytes);

// 1 to 64 printable ASCII characters.
CLI::Validator RequestId();

// k=v with a k, UTF-8.
CLI::Validator Label();

// HOST:PORT, unix:PATH, or a target of gRPC's own (dns:///…, ipv4:…).
CLI::Validator ServerAddress();
// The same, or several of them with commas; but one unix:PATH.
CLI::Validator ServerAddresses();

// The layouts that this build knows, as people spell them.
std::vector<std::string> LayoutNames();
// Those of them that numbered nodes can be placed in.
std::vector<std::string> SimulatedLayoutNames();

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_OPTION_CHECKS_H_
