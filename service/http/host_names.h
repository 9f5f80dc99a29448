// Checks the Host header of a request. A web page of another origin can make
// its own host name lead to this port (DNS rebinding), and could then read it.
// The browser still sends that name. Stateless.
#ifndef CLOCKWISE_SERVICE_HTTP_HOST_NAMES_H_
#define CLOCKWISE_SERVICE_HTTP_HOST_NAMES_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace clockwise {

// True if `host`, which may end in a port, is empty, an IP address, localhost,
// or matches one of `names`. A * in a name matches any characters.
bool IsOwnHost(absl::string_view host, const std::vector<std::string>& names);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_HOST_NAMES_H_
