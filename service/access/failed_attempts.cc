#include "service/access/failed_attempts.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "service/limits.h"

namespace clockwise {
namespace {

constexpr std::chrono::minutes kWindow(1);

constexpr char kLoopback[] = "loopback";

std::string NetworkOfV4(const std::string& address) {
  return absl::StartsWith(address, "127.") ? kLoopback
                                           : absl::StrCat("ipv4:", address);
}

}  // namespace

bool FailedAttempts::Blocked(absl::string_view from, Time now) const {
  MutexLock lock(mu_);
  const auto at = by_peer_.find(from);
  return at != by_peer_.end() && now - at->second.start < kWindow &&
         at->second.failed >= limits::kMaxFailedAttempts;
}

void FailedAttempts::Count(absl::string_view from, Time now) {
  MutexLock lock(mu_);
  if (by_peer_.size() >= limits::kMaxBlockedPeers && !by_peer_.contains(from)) {
    absl::erase_if(by_peer_, [&](const auto& peer) {
      return now - peer.second.start >= kWindow;
    });
    // All peers have failed in the last minute. The bound on memory comes
    // first, so all are forgotten.
    if (by_peer_.size() >= limits::kMaxBlockedPeers) by_peer_.clear();
  }
  Minute& minute = by_peer_[from];
  if (minute.failed == 0 || now - minute.start >= kWindow) minute = {now, 0};
  ++minute.failed;
}

std::string NetworkOf(absl::string_view peer) {
  absl::string_view host = peer;
  const bool is_v4 = absl::ConsumePrefix(&host, "ipv4:");
  if (!is_v4 && !absl::ConsumePrefix(&host, "ipv6:")) return std::string(peer);
  host = host.substr(0, host.rfind(':'));  // without the port
  // gRPC escapes the brackets in some versions, and the % before a zone.
  std::string text =
      absl::StrReplaceAll(host, {{"%5B", "["}, {"%5D", "]"}, {"%25", "%"}});
  host = absl::StripPrefix(text, "[");
  host = host.substr(0, host.find_first_of("]%"));
  if (is_v4) return NetworkOfV4(std::string(host));
  in6_addr address = {};
  if (inet_pton(AF_INET6, std::string(host).c_str(), &address) != 1) {
    return std::string(peer);
  }
  if (IN6_IS_ADDR_LOOPBACK(&address)) return kLoopback;
  char name[INET6_ADDRSTRLEN] = {};
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    inet_ntop(AF_INET, &address.s6_addr[12], name, sizeof(name));
    return NetworkOfV4(name);
  }
  std::fill(std::begin(address.s6_addr) + 8, std::end(address.s6_addr), 0);
  inet_ntop(AF_INET6, &address, name, sizeof(name));
  return absl::StrCat("ipv6:", name, "/64");
}

}  // namespace clockwise
