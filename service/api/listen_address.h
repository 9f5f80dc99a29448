// ListenAddress is the address that a server listens on, in the form of the
// flags: HOST:PORT. A value.
#ifndef CLOCKWISE_SERVICE_API_LISTEN_ADDRESS_H_
#define CLOCKWISE_SERVICE_API_LISTEN_ADDRESS_H_

#include <cstdint>
#include <string>

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

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_API_LISTEN_ADDRESS_H_
