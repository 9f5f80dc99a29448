// EtcdClient calls an etcd cluster: whichever of its members answers.
//
// Thread-safe; each call blocks its caller and is made on gRPC's threads. A
// call that fails for the moment (no connection, no leader, no answer) is sent
// again, to the next member, until the time is over: so what is sent must be
// safe to send twice. Failures are refusals (service/api/refusal.h):
//   STORE_UNAVAILABLE  no member answered in time, or etcd refused for good.
//   STORE_FULL         etcd's space quota is used up.
// and OUT_OF_RANGE (no refusal): the revision asked for is compacted.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_CLIENT_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_CLIENT_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "etcd/rpc.grpc.pb.h"
#include "service/channel/credentials_source.h"
#include "service/runtime/mutex.h"
#include "service/store/etcd/interruptible_calls.h"

namespace clockwise {

class EtcdClient {
 public:
  struct Options {
    std::vector<std::string> endpoints;  // HOST:PORT, at least one
    // Read before each attempt. New credentials are used with new connections.
    std::shared_ptr<CredentialsSource> credentials;
    std::string user;  // empty: etcd asks for none
    std::string password;
    std::chrono::milliseconds timeout{5'000};  // of a call, retries included
  };

  explicit EtcdClient(Options options);

  // All calls of this client. Once they are interrupted, every call fails with
  // STORE_UNAVAILABLE.
  InterruptibleCalls& calls() { return calls_; }

  [[nodiscard]] absl::Status Range(const etcdserverpb::RangeRequest& request,
                                   etcdserverpb::RangeResponse& response);

  // `maybe_made`, if the call fails or an earlier attempt did: whether etcd may
  // have executed the transaction without our hearing of it.
  [[nodiscard]] absl::Status Txn(const etcdserverpb::TxnRequest& request,
                                 etcdserverpb::TxnResponse& response,
                                 bool& maybe_made);

  // Begins a watch stream on the member in use. The context and the reactor
  // outlive the call.
  [[nodiscard]] absl::Status StartWatch(
      grpc::ClientContext& context,
      grpc::ClientBidiReactor<etcdserverpb::WatchRequest,
                              etcdserverpb::WatchResponse>& reactor);

  // Called after the watch stream of the member in use was not confirmed: the
  // next call goes to the next member, and this one gets a new connection.
  void Rotate();

  // Whether the last call was answered.
  bool up() const { return up_; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Member {
    std::string address;
    std::unique_ptr<etcdserverpb::KV::Stub> kv;
    std::unique_ptr<etcdserverpb::Watch::Stub> watch;
    std::unique_ptr<etcdserverpb::Auth::Stub> auth;
    // Calls that ended before their time was over.
    mutable std::atomic<uint64_t> answers = 0;
  };
  using MemberPtr = std::shared_ptr<const Member>;
  using Members = std::vector<MemberPtr>;
  using Attempt =
      std::function<grpc::Status(const Member&, Clock::time_point deadline)>;

  static MemberPtr Connect(
      const std::string& address,
      const std::shared_ptr<grpc::ChannelCredentials>& credentials);
  // The `index`-th modulo their number, over a connection that was made with
  // the newest credentials; in use for as long as it is held.
  MemberPtr CurrentMember(size_t index);
  // The next calls to this member use a new connection. A connection that
  // carries no answers, though pings may pass, would otherwise be used again
  // and again. Does nothing if `member` was replaced already.
  void Reconnect(const MemberPtr& member);
  // Attempts until one is answered or the time is over.
  absl::Status Insist(const Attempt& attempt, bool& maybe_made);
  // The status of an answer that no attempt can better; OK and not OK.
  absl::Status Settle(const grpc::Status& status);
  absl::Status GiveUp(const grpc::Status& last, bool maybe_made);
  void NoteUp(bool up);
  // Puts the log-in's token, if there is one, into a call's metadata.
  grpc::Status AddToken(const Member& member, Clock::time_point deadline,
                        grpc::ClientContext& context);
  void ForgetToken();

  const Options options_;
  std::atomic<size_t> current_ = 0;
  std::atomic<bool> up_ = true;
  Mutex mu_;
  // Empty until the first call, and what its channels were made with.
  Members members_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<grpc::ChannelCredentials> made_with_ ABSL_GUARDED_BY(mu_);
  Clock::time_point down_since_ ABSL_GUARDED_BY(mu_);
  std::string token_ ABSL_GUARDED_BY(mu_);
  InterruptibleCalls calls_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_CLIENT_H_
