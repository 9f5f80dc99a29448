// EtcdWatch is one watch stream on a range of keys in etcd. Thread-safe.
//
// It reports which keys changed, but not their values. Versions of etcd have
// lost, repeated and reordered watch events, so an event is only a reason to
// read the key. `event` is called on gRPC's threads and must not block.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_WATCH_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_WATCH_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_callback.h>

#include <chrono>
#include <functional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "etcd/rpc.grpc.pb.h"
#include "service/runtime/mutex.h"
#include "service/store/etcd/client.h"
#include "service/store/etcd/keys.h"

namespace clockwise {

class EtcdWatch final
    : private grpc::ClientBidiReactor<etcdserverpb::WatchRequest,
                                      etcdserverpb::WatchResponse> {
 public:
  // Called with the key that changed and the revision of the change, and with
  // an empty key when the stream has ended.
  using Event = std::function<void(absl::string_view key, int64_t revision)>;

  // Starts to watch at etcd's present revision.
  EtcdWatch(EtcdClient& client, const EtcdRange& range, Event event);
  // Ends the stream. `event` is not called after the destructor returns.
  ~EtcdWatch() override;

  // Blocks until etcd has confirmed the watch. Returns the revision at which it
  // began; 0 if it was not confirmed within `patience`, or has ended.
  int64_t WaitUntilCreated(std::chrono::milliseconds patience);

 private:
  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

  EtcdOrigin& origin_;
  const Event event_;
  grpc::ClientContext context_;
  const InterruptibleCalls::Call call_;
  etcdserverpb::WatchRequest request_;
  etcdserverpb::WatchResponse response_;
  Mutex mu_;
  Condition changed_;
  int64_t created_ ABSL_GUARDED_BY(mu_) = 0;
  bool done_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_WATCH_H_
