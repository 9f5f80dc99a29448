#include "service/channel/channel.h"

#include <arpa/inet.h>
#include <grpcpp/create_channel.h>
#include <netinet/in.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace clockwise {
namespace {

constexpr int kFirstReconnectMilliseconds = 100;
constexpr int kLongestReconnectMilliseconds = 1000;

// Returns the host of HOST:PORT, HOST, [IPV6]:PORT, [IPV6], or of an IPv6
// address without brackets.
absl::string_view HostOf(absl::string_view address) {
  if (absl::ConsumePrefix(&address, "[")) {
    return address.substr(0, address.find(']'));
  }
  const size_t colon = address.find(':');
  return colon == address.rfind(':') ? address.substr(0, colon) : address;
}

bool IsLocalHost(absl::string_view host) {
  std::string text = absl::AsciiStrToLower(absl::StripSuffix(host, "."));
  in_addr v4 = {};
  // Unlike inet_pton, inet_aton accepts 127.1, as the resolver does.
  if (inet_aton(text.c_str(), &v4) != 0) {
    const uint32_t number = ntohl(v4.s_addr);
    return number >> 24 == IN_LOOPBACKNET || number == INADDR_ANY;
  }
  in6_addr v6 = {};
  if (inet_pton(AF_INET6, text.c_str(), &v6) == 1) {
    return IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_UNSPECIFIED(&v6) ||
           (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == IN_LOOPBACKNET);
  }
  return text == "localhost" || absl::EndsWith(text, ".localhost");
}

}  // namespace

bool IsLocalTarget(absl::string_view target) {
  if (absl::StartsWith(target, "unix:") ||
      absl::StartsWith(target, "unix-abstract:")) {
    return true;
  }
  if (absl::ConsumePrefix(&target, "dns:") ||
      absl::ConsumePrefix(&target, "ipv4:") ||
      absl::ConsumePrefix(&target, "ipv6:")) {
    // Skip the DNS server: dns://AUTHORITY/HOST:PORT.
    if (absl::ConsumePrefix(&target, "//")) {
      const size_t slash = target.find('/');
      if (slash == absl::string_view::npos) return false;
      target.remove_prefix(slash + 1);
    }
  }
  // URIs escape brackets. ipv4: and ipv6: accept several addresses.
  const std::string addresses =
      absl::StrReplaceAll(target, {{"%5B", "["}, {"%5D", "]"}});
  const std::vector<absl::string_view> each = absl::StrSplit(addresses, ',');
  return std::any_of(each.begin(), each.end(), [](absl::string_view address) {
    return IsLocalHost(HostOf(address));
  });
}

std::shared_ptr<grpc::Channel> NewChannel(
    const std::string& target,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials,
    const ChannelOptions& options) {
  grpc::ChannelArguments arguments = options.arguments;
  arguments.SetUserAgentPrefix(
      absl::StrCat(options.program, "/" CLOCKWISE_VERSION));
  // A ring has no fixed size, and may exceed gRPC's limit of 4 MiB.
  arguments.SetMaxReceiveMessageSize(-1);
  // Each channel has its own connection. Channels that share a connection would
  // also share its backoff after failures.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // Callers have their own backoff. The channel must not add gRPC's default
  // backoff of 1 s to 2 min.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS,
                   kFirstReconnectMilliseconds);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS,
                   kLongestReconnectMilliseconds);
  if (options.connect_timeout > absl::ZeroDuration()) {
    // In spite of its name, this argument limits the attempt, not the backoff.
    arguments.SetInt(
        GRPC_ARG_MIN_RECONNECT_BACKOFF_MS,
        static_cast<int>(absl::ToInt64Milliseconds(options.connect_timeout)));
  }
  if (options.proxy == ProxyUse::kNever || IsLocalTarget(target)) {
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  }
  return grpc::CreateCustomChannel(target, credentials, arguments);
}

}  // namespace clockwise
