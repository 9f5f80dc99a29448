// ListenAddress is the address that a server listens on, in the form of the
// flags: HOST:PORT. A value.
#ifndef CLOCKWISE_SERVICE_API_LISTEN_ADDRESS_H_
#define CLOCKWISE_SERVICE_API_LISTEN_ADDRESS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace clockwise {

struct ListenAddress {
  std::string host;  // a name or address; IPv6 without its brackets
  uint16_t port = 0;

  // Returns "HOST:PORT", with brackets around IPv6.
  std::string ToString() const;
};

// Parses "HOST:PORT" or "[IPV6]:PORT". The host is required: 0.0.0.0 or [::]
// listens on all networks. INVALID_ARGUMENT: the message states the error in
// `text`.
absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text);

// Returns true if `host` has only the characters of host names and IPv4
// addresses.
bool IsHostName(absl::string_view host);
// Returns true if `host` is an IPv6 address, with or without a zone (%eth0).
bool IsIpv6Address(absl::string_view host);

// Checks an address by which other programs reach a server: unix:PATH, or
// HOST:PORT with a port from 1 to 65535 and a host other than 0.0.0.0 and [::].
// INVALID_ARGUMENT: the message states the error.
[[nodiscard]] absl::Status CheckAdvertised(absl::string_view address);

// Returns the address by which other programs reach a server that listens on
// `listen`, unix:PATH or HOST:PORT: `listen` itself, or with the name of this
// machine if it is 0.0.0.0 or [::].
std::string AdvertisedAddress(const std::string& listen);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_API_LISTEN_ADDRESS_H_
