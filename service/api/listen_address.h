// ListenAddress is where a server listens, as flags spell it: HOST:PORT.
// Immutable.
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

  // "HOST:PORT", IPv6 in brackets.
  std::string ToString() const;
};

// Parses "HOST:PORT" or "[IPV6]:PORT". The host is required: whoever wants to
// listen to the whole network has to say so (0.0.0.0, [::]). INVALID_ARGUMENT
// says what is wrong with `text`.
absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_API_LISTEN_ADDRESS_H_
