// Checks that a text can be a host, so that a placeholder of a template is not
// imported as the name of a server. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_IMPORT_HOST_H_
#define CLOCKWISE_CLIENT_CLI_IMPORT_HOST_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/cli/import/imported.h"

namespace clockwise::cli {

// Rejects a text that is not a host name, an IPv4 address or an IPv6 address
// (without brackets). It also rejects names that are placeholders by
// convention, for example __HOST__, CACHE_HOST, 10.0.0.x and changeme.
[[nodiscard]] absl::Status CheckHost(const SourceLine& place,
                                     absl::string_view host);

// Rejects the name of a server that contains a placeholder.
[[nodiscard]] absl::Status CheckServerName(const SourceLine& place,
                                           absl::string_view name);

// Rejects the path of a Unix socket that contains a placeholder, a blank or a
// control character.
[[nodiscard]] absl::Status CheckPath(const SourceLine& place,
                                     absl::string_view path);

// Rejects a text that is not HOST:PORT, [IPV6]:PORT, or the same without port.
[[nodiscard]] absl::Status CheckHostAndPort(const SourceLine& place,
                                            absl::string_view text);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_IMPORT_HOST_H_
