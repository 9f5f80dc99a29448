// FindConnectionFault finds out why no connection to a server could be made,
// where gRPC reports only "Socket closed": TLS and plaintext are mixed up, a
// certificate is missing or not accepted, or the port speaks HTTP/1.
#ifndef CLOCKWISE_CLIENT_CLI_CONNECTION_FAULT_H_
#define CLOCKWISE_CLIENT_CLI_CONNECTION_FAULT_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "clockwise/options.h"

namespace clockwise::cli {

struct ConnectionFault {
  std::string what;  // "it requires a client certificate"
  std::string hint;  // "set --tls-cert and --tls-key"
};

// The hint for a server that does not speak TLS.
inline constexpr absl::string_view kNoTlsHint =
    "use the TLS port, or omit --tls, --tls-ca, --tls-cert and --tls-key (also "
    "CLOCKWISE_TLS_CA, _CERT and _KEY)";

// Returns the proxy through which gRPC connects to `target`, without its
// credentials, and the variable that names it: "10.0.0.1:3128 (http_proxy)".
// Empty if it connects directly.
std::string ProxyOf(absl::string_view target);

// Connects to `target` (a target of gRPC) as a client with the options `tls`
// would, without sending a call or a token. Blocks for about `limit` at most.
// Returns nullopt if the server cannot be reached at all, is reached through a
// proxy, or shows no fault.
std::optional<ConnectionFault> FindConnectionFault(absl::string_view target,
                                                   const Tls& tls,
                                                   absl::Duration limit);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_CONNECTION_FAULT_H_
