// Reads the addresses of servers, as the client library and the command accept
// them. Pure functions.
#ifndef CLOCKWISE_CLIENT_LIB_SERVER_ADDRESS_H_
#define CLOCKWISE_CLIENT_LIB_SERVER_ADDRESS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace clockwise::client {

// The port of an address without one; that of the server's --listen.
inline constexpr char kDefaultPort[] = "7400";

// Returns the target of gRPC for an address: HOST, HOST:PORT, [IPV6],
// [IPV6]:PORT, unix:PATH, dns:///HOST, dns:///HOST:PORT, ipv4:ADDRESS:PORT or
// ipv6:[ADDRESS]:PORT. Adds kDefaultPort if there is no port. INVALID_ARGUMENT:
// the address is not of one of these forms; the message begins with it.
absl::StatusOr<std::string> ParseServerAddress(absl::string_view text);

// Returns the targets of a list of addresses, separated by commas, or of one
// unix:PATH, which may contain commas. INVALID_ARGUMENT: the list has more than
// limits::kMaxServerAddresses addresses, or one is empty or invalid.
absl::StatusOr<std::vector<std::string>> ParseServerAddresses(
    absl::string_view text);

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_SERVER_ADDRESS_H_
