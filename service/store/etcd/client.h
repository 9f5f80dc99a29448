// EtcdClient calls the members of an etcd cluster, and retries failed calls.
//
// Thread-safe. Each call blocks its caller; gRPC's threads do the work. After a
// temporary failure (no connection, no leader, no answer), the client sends the
// call to the next member, until Options::timeout. A request must therefore be
// safe to execute twice. An answer that EtcdOrigin rejects is treated like no
// answer. Failures (service/api/refusal.h):
//   STORE_UNAVAILABLE  no member answered in time.
//   STORE_FULL         etcd's space quota is used up.
//   STORE_REFUSED      etcd rejected the call: the log-in, for lack of
//                      permission, or because it is corrupt. Not executed.
//   LIMIT_REACHED      the request exceeds a limit of etcd. Not executed.
//   OUT_OF_RANGE (without ErrorReason)  etcd has compacted the revision.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_CLIENT_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_CLIENT_H_

#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "etcd/rpc.grpc.pb.h"
#include "service/channel/credentials_source.h"
#include "service/runtime/mutex.h"
#include "service/store/etcd/interruptible_calls.h"
#include "service/store/etcd/member.h"
#include "service/store/etcd/origin.h"
#include "service/store/store.h"

namespace clockwise {

class EtcdClient {
 public:
  struct Options {
    std::vector<std::string> endpoints;  // HOST:PORT, at least one
    // Read before each attempt. New credentials are used with new connections.
    std::shared_ptr<CredentialsSource> credentials;
    std::string user;  // empty: no authentication
    // Returns the present password. Called before each log-in.
    std::function<std::string()> password;
    std::chrono::milliseconds timeout{5'000};  // of a call, retries included
  };

  explicit EtcdClient(Options options);

  // Reads the files of the credentials again.
  void ReloadCredentials();

  // Returns the running calls of this client. After Interrupt, every call fails
  // with STORE_UNAVAILABLE.
  InterruptibleCalls& calls() { return calls_; }

  [[nodiscard]] absl::Status Range(const etcdserverpb::RangeRequest& request,
                                   etcdserverpb::RangeResponse& response);

  // Sets `maybe_made` to true if an attempt failed and etcd may have executed
  // the transaction all the same. A later attempt may have succeeded. The
  // failure does not state the outcome: the caller may have sent others.
  [[nodiscard]] absl::Status Txn(const etcdserverpb::TxnRequest& request,
                                 etcdserverpb::TxnResponse& response,
                                 bool& maybe_made);

  // Grants a lease of `seconds`. A lease that is lost with its answer has no
  // keys, and expires.
  absl::StatusOr<int64_t> GrantLease(std::chrono::seconds seconds);
  // Extends the lease by its time. Returns false if it does not exist.
  absl::StatusOr<bool> KeepLease(int64_t lease);
  // Ends the lease, and deletes its keys. Makes one short attempt.
  [[nodiscard]] absl::Status RevokeLease(int64_t lease);

  // Starts a watch stream on the present member. `context` and `reactor` must
  // outlive the stream.
  [[nodiscard]] absl::Status StartWatch(
      grpc::ClientContext& context,
      grpc::ClientBidiReactor<etcdserverpb::WatchRequest,
                              etcdserverpb::WatchResponse>& reactor);

  // Sends the next call to the next member, and gives the present member a new
  // connection. Used when a member has not confirmed a watch stream.
  void Rotate();

  // Reads the cluster ID of each endpoint that answers. FAILED_PRECONDITION:
  // they differ. STORE_UNAVAILABLE: no endpoint answers; or at most half of
  // them do, and their cluster has fewer members than there are endpoints. Then
  // they may have been separated from the cluster of the others. `key` is a key
  // that the user may read.
  [[nodiscard]] absl::Status CompareClusters(const std::string& key);

  // True if etcd answered the last call.
  bool up() const { return up_; }
  // Returns why the last call had no answer that could be believed; OK if it
  // had one.
  [[nodiscard]] absl::Status Believed() const;
  Store::Rejections rejections() const;
  EtcdOrigin& origin() { return origin_; }

 private:
  using Clock = std::chrono::steady_clock;
  using Member = EtcdMember;
  using MemberPtr = std::shared_ptr<const Member>;
  using Members = std::vector<MemberPtr>;
  using Attempt =
      std::function<grpc::Status(const Member&, Clock::time_point deadline)>;

  // Returns member `index` modulo the number of members, with a connection that
  // uses the newest credentials. Replacing the member does not end calls of a
  // caller that holds the pointer.
  MemberPtr CurrentMember(size_t index);
  // Replaces the connection of `member` for the next calls. gRPC would keep a
  // connection on which pings pass but calls are not answered. Does nothing if
  // `member` was replaced already.
  void Reconnect(const MemberPtr& member);
  // Sends a call that may be executed twice, by `send(member, context, done)`,
  // until etcd answers. Rejects an answer of a lower revision than `newest()`.
  template <typename Response, typename Send>
  absl::Status Ask(Response& response, const std::function<int64_t()>& newest,
                   const Send& send);
  // Repeats `attempt` until etcd answers or the time is over.
  absl::Status Insist(const Attempt& attempt, bool& maybe_made);
  // Makes one attempt of a call at `member`: `start(context, done)` begins the
  // call, and this function waits until `done` is called.
  template <typename Start>
  grpc::Status CallMember(const Member& member, Clock::time_point deadline,
                          Start start);
  // Checks a minority of the endpoints, which are of one cluster; see
  // CompareClusters.
  absl::Status CheckMinority(const std::vector<std::string>& addresses,
                             const Member& member);
  // Returns UNAVAILABLE if the answer of `member` is rejected. `newest` was
  // read before the call.
  grpc::Status Judge(const Member& member,
                     const etcdserverpb::ResponseHeader& header,
                     int64_t newest);
  // Returns the status for an answer that another attempt would not change: OK,
  // or an error of etcd. `maybe_made`: an earlier attempt may have been
  // executed.
  absl::Status Settle(const grpc::Status& status, bool maybe_made);
  // Returns STORE_UNAVAILABLE after the `last` attempt. `rejected` is the last
  // answer that was rejected; empty: none was.
  absl::Status GiveUp(const grpc::Status& last, const std::string& rejected,
                      bool maybe_made);
  void NoteUp(bool up);
  // True if the same call may succeed later, or at another member.
  bool MayPass(const grpc::Status& status) const;
  // Sets the deadline of a call, and adds the authentication token to its
  // metadata. Logs in first if a user is set and there is no token. An etcd
  // that requires no authentication gets no token: `token` is then empty.
  grpc::Status AddToken(const Member& member, Clock::time_point deadline,
                        grpc::ClientContext& context, std::string& token);
  grpc::Status LogIn(const Member& member, Clock::time_point deadline,
                     std::string& token);
  // Makes the next call log in if `status`, of a call with `token`, says that
  // the log-in is not valid.
  void ForgetOldLogIn(const grpc::Status& status, const std::string& token);

  const Options options_;
  std::atomic<size_t> current_ = 0;
  std::atomic<bool> up_ = true;
  EtcdOrigin origin_;
  mutable Mutex mu_;
  // Empty until the first call. `made_with_`: credentials of its channels.
  Members members_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<grpc::ChannelCredentials> made_with_ ABSL_GUARDED_BY(mu_);
  Clock::time_point down_since_ ABSL_GUARDED_BY(mu_);
  // Nullopt: not logged in. Empty: etcd requires no authentication.
  std::optional<std::string> token_ ABSL_GUARDED_BY(mu_);
  // The last rejected log-in, its password, and when it may be repeated.
  grpc::Status log_in_refusal_ ABSL_GUARDED_BY(mu_);
  std::string refused_password_ ABSL_GUARDED_BY(mu_);
  Clock::time_point next_log_in_ ABSL_GUARDED_BY(mu_);
  std::string rejected_ ABSL_GUARDED_BY(mu_);  // empty: answers are believed
  Store::Rejections rejections_ ABSL_GUARDED_BY(mu_);
  InterruptibleCalls calls_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_CLIENT_H_
