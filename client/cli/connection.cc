#include "client/cli/connection.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/failure.h"
#include "client/lib/retries.h"
#include "service/api/validate.h"
#include "service/channel/channel.h"
#include "service/limits.h"

namespace clockwise::cli {
namespace {

// A server that was never reached gets few attempts. A server that was reached
// may have got the request, and is likely to return.
constexpr size_t kRounds = 4;
constexpr size_t kRoundsOnceReached = 8;
constexpr absl::Duration kFirstRetryWait = absl::Milliseconds(200);
constexpr absl::Duration kLongestRetryWait = absl::Seconds(2);
// Bounds of the search for the fault of a connection.
constexpr size_t kServersToExamine = 3;
constexpr absl::Duration kExamination = absl::Seconds(5);  // of one server

client::RetryPolicy PolicyOf(Retry retry, absl::Duration timeout) {
  const bool once = retry != Retry::kFewTimes;
  client::RetryPolicy policy;
  policy.timeout = timeout;
  policy.first_wait = kFirstRetryWait;
  policy.longest_wait = kLongestRetryWait;
  policy.rounds = once ? 1 : kRounds;
  policy.rounds_once_reached = once ? 1 : kRoundsOnceReached;
  policy.repeatable = retry != Retry::kNever;
  return policy;
}

// Returns "alice@host", or "uid-1000@host" without $USER.
std::string UserAtHost() {
  const char* const user = std::getenv("USER");
  char host[256] = "";
  if (gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  return absl::StrCat(user != nullptr && *user != '\0'
                          ? std::string(user)
                          : absl::StrCat("uid-", getuid()),
                      "@", host);
}

ChannelOptions CommandChannels() {
  ChannelOptions options;
  options.program = "clockwise-cli";
  return options;
}

}  // namespace

std::vector<std::string> ServersOf(absl::string_view servers) {
  return absl::StrSplit(servers, ',');
}

Connection::Connection(ConnectionOptions options,
                       std::shared_ptr<CredentialsSource> credentials)
    : options_(std::move(options)),
      name_(options_.context.empty()
                ? options_.servers
                : absl::StrCat(options_.servers, " (context ", options_.context,
                               ")")),
      targets_(ServersOf(options_.servers), std::move(credentials),
               CommandChannels()),
      random_(std::random_device()()) {}

void Connection::StateActor(const std::string& name) {
  actor_ = name.empty() ? UserAtHost() : name;
  const bool sendable =
      actor_.size() <= limits::kMaxStatedActorBytes &&
      std::all_of(actor_.begin(), actor_.end(),
                  [](unsigned char c) { return absl::ascii_isprint(c); });
  if (!sendable) actor_.clear();
}

absl::Status Connection::Explain(const absl::Status& status) {
  return ExplainOutcome({status, targets_.connected(targets_.preferred())});
}

absl::Status Connection::ExplainOutcome(const client::Outcome& outcome) {
  if (outcome.status.ok() || !client::NeverReached(outcome)) {
    return cli::Explain(outcome, name_);
  }
  if (Fault().has_value()) return NotReached(name_, fault_->what, fault_->hint);
  for (size_t i = 0; i < targets_.size(); ++i) {
    const std::string proxy = ProxyOf(targets_.address(i));
    if (proxy.empty()) continue;
    return NotReached(absl::StrCat(name_, " through the proxy ", proxy),
                      WhyNotReached(outcome),
                      "check the proxy, or name the host in no_proxy");
  }
  return cli::Explain(outcome, name_);
}

const std::optional<ConnectionFault>& Connection::Fault() {
  for (size_t i = 0; !has_looked_ && i < targets_.size(); ++i) {
    if (i == kServersToExamine || fault_.has_value()) break;
    fault_ = FindConnectionFault(targets_.address(i), options_.tls,
                                 std::min(options_.timeout, kExamination));
    if (fault_.has_value() && fault_->hint == kNoTlsHint &&
        !options_.credentials_context.empty()) {
      fault_->hint = absl::StrCat(
          "use the TLS port, or --context= without the TLS "
          "options of context ",
          options_.credentials_context);
    }
    if (fault_.has_value() && targets_.size() > 1) {
      fault_->what = absl::StrCat(targets_.address(i), ": ", fault_->what);
    }
  }
  has_looked_ = true;
  return fault_;
}

void Connection::UseNextServer(bool was_silent) {
  const size_t used = targets_.preferred();
  if (was_silent) targets_.Reconnect(used);
  targets_.Prefer((used + 1) % targets_.size());
}

double Connection::Random() {
  return std::uniform_real_distribution<double>()(random_);
}

absl::Status Connection::Run(Retry retry, client::Attempt attempt) {
  const auto stated = [&](Stub& stub, grpc::ClientContext& context) {
    if (!actor_.empty()) context.AddMetadata(kStatedActorMetadata, actor_);
    return attempt(stub, context);
  };
  return ExplainOutcome(
      client::CallServers(targets_, PolicyOf(retry, options_.timeout), stated));
}

}  // namespace clockwise::cli
