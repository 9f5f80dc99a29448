#include "service/store/etcd/client.h"

#include <algorithm>
#include <future>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "service/api/refusal.h"
#include "service/store/etcd/errors.h"
#include "service/store/etcd/lease_renewal.h"

namespace clockwise {
namespace {

using std::chrono::milliseconds;

// Deadline of the first attempt at each member. It is short, so that a member
// that does not answer leaves time for the others. It doubles in each round, so
// that a slow member can answer later.
constexpr milliseconds kFirstAttempt(700);
constexpr milliseconds kFirstPause(20);
constexpr milliseconds kLongestPause(250);
// Time after a rejected log-in before the same password is sent again. etcd
// computes a slow hash for each log-in.
constexpr milliseconds kBetweenLogIns(1'000);

std::chrono::system_clock::time_point OnWallClock(
    std::chrono::steady_clock::time_point deadline) {
  return std::chrono::system_clock::now() +
         std::chrono::duration_cast<std::chrono::system_clock::duration>(
             deadline - std::chrono::steady_clock::now());
}

// Starts a call with `start`, and blocks until it has ended.
template <typename Start>
grpc::Status Await(const Start& start) {
  // Shared, because set_value may still run when the waiter continues.
  auto done = std::make_shared<std::promise<grpc::Status>>();
  start([done](grpc::Status status) { done->set_value(std::move(status)); });
  return done->get_future().get();
}

}  // namespace

EtcdClient::EtcdClient(Options options) : options_(std::move(options)) {}

EtcdClient::MemberPtr EtcdClient::CurrentMember(size_t index) {
  const auto credentials = options_.credentials->Current();
  MutexLock lock(mu_);
  if (credentials != made_with_) {
    members_.clear();
    for (const std::string& address : options_.endpoints) {
      members_.push_back(ConnectEtcdMember(address, credentials));
    }
    made_with_ = credentials;
  }
  return members_[index % members_.size()];
}

void EtcdClient::Reconnect(const MemberPtr& member) {
  MutexLock lock(mu_);
  const auto at = std::find(members_.begin(), members_.end(), member);
  if (at != members_.end()) {
    *at = ConnectEtcdMember(member->address, made_with_);
  }
}

template <typename Start>
grpc::Status EtcdClient::CallMember(const Member& member,
                                    Clock::time_point deadline, Start start) {
  grpc::ClientContext context;
  const InterruptibleCalls::Call call(calls_, context);
  std::string token;
  grpc::Status status = AddToken(member, deadline, context, token);
  if (!status.ok()) return status;
  status = Await([&](auto done) { start(context, done); });
  ForgetOldLogIn(status, token);
  return status;
}

void EtcdClient::ReloadCredentials() {
  static_cast<void>(options_.credentials->Current());
  if (options_.password) static_cast<void>(options_.password());
}

template <typename Response, typename Send>
absl::Status EtcdClient::Ask(Response& response,
                             const std::function<int64_t()>& newest,
                             const Send& send) {
  bool maybe_made = false;
  return Insist(
      [&](const Member& member, Clock::time_point deadline) {
        const int64_t least = newest();
        auto status =
            CallMember(member, deadline, [&](auto& context, auto done) {
              response.Clear();
              send(member, context, done);
            });
        return status.ok() ? Judge(member, response.header(), least) : status;
      },
      maybe_made);
}

absl::Status EtcdClient::Range(const etcdserverpb::RangeRequest& request,
                               etcdserverpb::RangeResponse& response) {
  absl::Status outcome = Ask(
      response, [this] { return origin_.newest(); },
      [&](const Member& member, auto& context, auto done) {
        member.kv->async()->Range(&context, &request, &response, done);
      });
  // A store that cannot be read is down, even if it answers.
  if (ReasonOf(outcome) == v1::ERROR_REASON_STORE_REFUSED) NoteUp(false);
  return outcome;
}

absl::Status EtcdClient::Txn(const etcdserverpb::TxnRequest& request,
                             etcdserverpb::TxnResponse& response,
                             bool& maybe_made) {
  return Insist(
      [&](const Member& member, Clock::time_point deadline) {
        const int64_t newest = origin_.newest();
        auto status =
            CallMember(member, deadline, [&](auto& context, auto done) {
              response.Clear();
              member.kv->async()->Txn(&context, &request, &response, done);
            });
        if (!status.ok()) return status;
        status = Judge(member, response.header(), newest);
        // A store that was set back may execute the transaction before its
        // answer is rejected. In another cluster, it has no effect on this
        // store.
        maybe_made |= !status.ok() && response.succeeded() &&
                      origin_.IsCluster(response.header());
        return status;
      },
      maybe_made);
}

absl::StatusOr<int64_t> EtcdClient::GrantLease(std::chrono::seconds seconds) {
  etcdserverpb::LeaseGrantRequest request;
  request.set_ttl(seconds.count());
  etcdserverpb::LeaseGrantResponse response;
  absl::Status status = Ask(
      response, [this] { return origin_.newest(); },
      [&](const Member& member, auto& context, auto done) {
        member.lease->async()->LeaseGrant(&context, &request, &response, done);
      });
  if (!status.ok()) return status;
  return response.id();
}

absl::StatusOr<bool> EtcdClient::KeepLease(int64_t lease) {
  etcdserverpb::LeaseKeepAliveRequest request;
  request.set_id(lease);
  etcdserverpb::LeaseKeepAliveResponse response;
  // The member states its revision before it asks the leader, so the revision
  // may be lower than the newest one.
  absl::Status status = Ask(
      response, [] { return int64_t{0}; },
      [&](const Member& member, auto& context, auto done) {
        LeaseRenewal::Start(*member.lease, context, request, response, done);
      });
  if (!status.ok()) return status;
  return response.ttl() > 0;
}

absl::Status EtcdClient::RevokeLease(int64_t lease) {
  etcdserverpb::LeaseRevokeRequest request;
  request.set_id(lease);
  etcdserverpb::LeaseRevokeResponse response;
  const MemberPtr member = CurrentMember(current_);
  const grpc::Status status = CallMember(
      *member, Clock::now() + kFirstAttempt, [&](auto& context, auto done) {
        member->lease->async()->LeaseRevoke(&context, &request, &response,
                                            done);
      });
  return MayPass(status) ? absl::UnavailableError(status.error_message())
                         : Settle(status, /*maybe_made=*/false);
}

absl::Status EtcdClient::StartWatch(
    grpc::ClientContext& context,
    grpc::ClientBidiReactor<etcdserverpb::WatchRequest,
                            etcdserverpb::WatchResponse>& reactor) {
  const MemberPtr member = CurrentMember(current_);
  // With this metadata, a member that has lost the other members ends the
  // stream. Without it, such a member would never report anything.
  context.AddMetadata("hasleader", "true");
  std::string token;
  const grpc::Status status =
      AddToken(*member, Clock::now() + kFirstAttempt, context, token);
  if (!status.ok()) return absl::UnavailableError(status.error_message());
  // AddToken has set a deadline for the log-in; the stream itself has none.
  context.set_deadline(std::chrono::system_clock::time_point::max());
  member->watch->async()->Watch(&context, &reactor);
  return absl::OkStatus();
}

void EtcdClient::Rotate() { Reconnect(CurrentMember(current_++)); }

// Sends a call to one member after the other until a final answer. `current_`
// is the number of the member in use, which all threads share. A round is as
// many attempts as there are members.
absl::Status EtcdClient::Insist(const Attempt& attempt, bool& maybe_made) {
  // Phase 1: the budget. A call normally has `timeout` for all its attempts.
  maybe_made = false;
  const auto start = Clock::now();
  auto until = start + options_.timeout;
  size_t attempts_left = ~size_t{0};
  {
    // If etcd has been down for longer than the timeout, one round is enough,
    // so that callers get their error without a long wait.
    MutexLock lock(mu_);
    if (!up_ && start - down_since_ > options_.timeout) {
      attempts_left = options_.endpoints.size();
    }
  }
  milliseconds patience = kFirstAttempt;
  milliseconds pause = kFirstPause;
  grpc::Status status;
  std::string rejected;
  size_t rejections = 0;  // in this round
  for (size_t number = 1;; ++number) {
    // Phase 2: one attempt at the present member.
    const size_t used = current_;
    const MemberPtr member = CurrentMember(used);
    const uint64_t answers_before = member->answers;
    const auto began = Clock::now();
    status = attempt(*member, std::min(until, began + patience));
    if (status.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED) {
      ++member->answers;
    } else if (member->answers == answers_before &&
               Clock::now() - began >= kFirstAttempt / 2) {
      // No call was answered on this connection during the attempt, so the
      // connection is replaced. An attempt shorter than half of kFirstAttempt
      // (just before `until`) proves nothing.
      Reconnect(member);
    }
    // Phase 3: the result. A final answer ends the call here. Otherwise the
    // call is repeated, and `maybe_made` says whether any of the attempts so
    // far may have been executed.
    if (!MayPass(status)) {
      // etcd also reports "space exceeded" for a call that it has executed.
      if (IsFull(status)) maybe_made = true;
      return Settle(status, maybe_made);
    }
    if (!NeverSent(status)) maybe_made = true;
    if (status.error_details() == kRejectedAnswer) {
      rejected = status.error_message();
      // If all members are rejected, another round would not change that.
      if (++rejections == options_.endpoints.size()) break;
    }
    // Phase 4: move on to the next member, unless another thread already did.
    // Each round ends with a pause, and doubles the pause and the deadline of
    // an attempt.
    size_t expected = used;
    current_.compare_exchange_strong(expected, used + 1);
    if (number >= attempts_left || calls_.interrupted()) break;
    if (number % options_.endpoints.size() == 0) {
      if (Clock::now() + pause >= until) break;
      calls_.Pause(pause);
      pause = std::min(2 * pause, kLongestPause);
      patience *= 2;
      rejections = 0;
    }
    if (Clock::now() >= until) break;
  }
  return GiveUp(status, rejected, maybe_made);
}

absl::Status EtcdClient::Settle(const grpc::Status& status, bool maybe_made) {
  const std::string text =
      absl::StrCat("etcd at ", absl::StrJoin(options_.endpoints, ","), ": ",
                   status.error_message());
  if (status.ok() || status.error_code() == grpc::StatusCode::OUT_OF_RANGE) {
    NoteUp(true);
    return status.ok() ? absl::OkStatus() : absl::OutOfRangeError(text);
  }
  if (IsFull(status)) {
    NoteUp(true);
    return Refusal(v1::ERROR_REASON_STORE_FULL,
                   absl::StrCat(text,
                                "; compact and defragment etcd, then disarm "
                                "its alarm"));
  }
  // etcd may answer reads, so this does not say whether it is up.
  return EtcdRefusal(status, options_.endpoints, !options_.user.empty(),
                     maybe_made);
}

grpc::Status EtcdClient::Judge(const Member& member,
                               const etcdserverpb::ResponseHeader& header,
                               int64_t newest) {
  const std::string why = origin_.Reject(header, newest);
  if (why.empty()) return grpc::Status::OK;
  const std::string text = absl::StrCat(member.address, " ", why);
  MutexLock lock(mu_);
  ++rejections_.count;
  rejections_.last = text;
  return {grpc::StatusCode::UNAVAILABLE, text, kRejectedAnswer};
}

absl::Status EtcdClient::CompareClusters(const std::string& key) {
  std::map<uint64_t, std::vector<std::string>> clusters;
  MemberPtr answered;
  grpc::Status last;
  for (size_t i = 0; i < options_.endpoints.size(); ++i) {
    const MemberPtr member = CurrentMember(i);
    etcdserverpb::RangeRequest request;
    request.set_key(key);
    request.set_serializable(true);  // answered without a leader too
    etcdserverpb::RangeResponse response;
    const grpc::Status status = CallMember(
        *member, Clock::now() + kFirstAttempt, [&](auto& context, auto done) {
          member->kv->async()->Range(&context, &request, &response, done);
        });
    if (status.ok()) {
      clusters[response.header().cluster_id()].push_back(member->address);
      answered = member;
    } else {
      last = status;
    }
  }
  if (clusters.size() == 1) {
    return CheckMinority(clusters.begin()->second, *answered);
  }
  if (clusters.empty()) {
    return MayPass(last) ? GiveUp(last, "", /*maybe_made=*/false)
                         : Settle(last, /*maybe_made=*/false);
  }
  std::vector<std::string> parts;
  parts.reserve(clusters.size());
  for (const auto& [cluster, addresses] : clusters) {
    parts.push_back(absl::StrFormat("%s: cluster %016x",
                                    absl::StrJoin(addresses, ","), cluster));
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "--store: the endpoints of etcd are of different clusters (",
      absl::StrJoin(parts, "; "), "); name the members of one cluster"));
}

absl::Status EtcdClient::CheckMinority(
    const std::vector<std::string>& addresses, const Member& member) {
  const size_t endpoints = options_.endpoints.size();
  if (2 * addresses.size() > endpoints) return absl::OkStatus();
  const etcdserverpb::MemberListRequest request;
  etcdserverpb::MemberListResponse response;
  const grpc::Status status = CallMember(
      member, Clock::now() + kFirstAttempt, [&](auto& context, auto done) {
        member.cluster->async()->MemberList(&context, &request, &response,
                                            done);
      });
  // A proxy, or an etcd that does not tell its members, is believed. So is a
  // member of a large enough cluster: alone, it answers no linearizable read.
  if (!status.ok() || response.members_size() >= static_cast<int>(endpoints)) {
    return absl::OkStatus();
  }
  return Refusal(
      v1::ERROR_REASON_STORE_UNAVAILABLE,
      absl::StrCat(
          "etcd: only ", addresses.size(), " of ", endpoints,
          " endpoints of --store answer (", absl::StrJoin(addresses, ","),
          "), and their cluster has fewer members: ", response.members_size(),
          "; it may not be the cluster of the other endpoints; start "
          "those, or name only the members of this cluster in "
          "--store"));
}

Store::Rejections EtcdClient::rejections() const {
  MutexLock lock(mu_);
  return rejections_;
}

absl::Status EtcdClient::Believed() const {
  MutexLock lock(mu_);
  if (rejected_.empty()) return absl::OkStatus();
  return Refusal(
      v1::ERROR_REASON_STORE_UNAVAILABLE,
      absl::StrCat("etcd is not the store that this server has read (",
                   rejected_,
                   "); bring the old etcd back, or restart all servers to "
                   "accept this one"));
}

absl::Status EtcdClient::GiveUp(const grpc::Status& last,
                                const std::string& rejected, bool maybe_made) {
  NoteUp(false);
  if (!rejected.empty()) {
    {
      MutexLock lock(mu_);
      rejected_ = rejected;
    }
    return Believed();
  }
  if (IsOldLogIn(last)) {
    return EtcdRefusal(last, options_.endpoints, !options_.user.empty(),
                       maybe_made);
  }
  return Refusal(
      v1::ERROR_REASON_STORE_UNAVAILABLE,
      absl::StrCat("etcd at ", absl::StrJoin(options_.endpoints, ","),
                   " did not answer (", last.error_message(), ")"));
}

void EtcdClient::NoteUp(bool up) {
  MutexLock lock(mu_);
  if (up_.exchange(up) && !up) down_since_ = Clock::now();
  if (up) rejected_.clear();
}

bool EtcdClient::MayPass(const grpc::Status& status) const {
  return IsTemporary(status) || (IsOldLogIn(status) && !options_.user.empty());
}

grpc::Status EtcdClient::AddToken(const Member& member,
                                  Clock::time_point deadline,
                                  grpc::ClientContext& context,
                                  std::string& token) {
  context.set_deadline(OnWallClock(deadline));
  if (options_.user.empty()) return grpc::Status::OK;
  bool logged_in = false;
  {
    MutexLock lock(mu_);
    logged_in = token_.has_value();
    if (logged_in) token = *token_;
  }
  if (!logged_in) {
    grpc::Status status = LogIn(member, deadline, token);
    if (!status.ok()) return status;
    MutexLock lock(mu_);
    token_ = token;
  }
  if (!token.empty()) context.AddMetadata("token", token);
  return grpc::Status::OK;
}

grpc::Status EtcdClient::LogIn(const Member& member, Clock::time_point deadline,
                               std::string& token) {
  etcdserverpb::AuthenticateRequest request;
  request.set_name(options_.user);
  if (options_.password) request.set_password(options_.password());
  {
    MutexLock lock(mu_);
    if (Clock::now() < next_log_in_ &&
        request.password() == refused_password_) {
      return log_in_refusal_;
    }
  }
  etcdserverpb::AuthenticateResponse response;
  grpc::ClientContext context;
  const InterruptibleCalls::Call call(calls_, context);
  context.set_deadline(OnWallClock(deadline));
  grpc::Status status = Await([&](auto done) {
    member.auth->async()->Authenticate(&context, &request, &response, done);
  });
  if (status.ok()) {
    token = response.token();
    return status;
  }
  // Authentication may be turned on later; then ForgetOldLogIn leads here.
  if (absl::StrContains(status.error_message(), "is not enabled")) {
    token.clear();
    return grpc::Status::OK;
  }
  grpc::Status failed(status.error_code(), status.error_message(),
                      kFailedLogIn);
  if (!IsTemporary(status)) {
    MutexLock lock(mu_);
    log_in_refusal_ = failed;
    refused_password_ = request.password();
    next_log_in_ = Clock::now() + kBetweenLogIns;
  }
  return failed;
}

void EtcdClient::ForgetOldLogIn(const grpc::Status& status,
                                const std::string& token) {
  if (status.ok() || !IsOldLogIn(status)) return;
  MutexLock lock(mu_);
  if (token_ == token) token_.reset();  // no other thread has logged in since
}

}  // namespace clockwise
