// One watch stream on a range of keys. Thread-safe.
//
// It tells which keys changed, not what they became: etcd's watches have lost,
// repeated and reordered events in their time, so they only wake up who then
// reads. `event` is called on gRPC's threads and must be quick.
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
  // `event` with a key: it changed at that revision; with "": the stream is
  // over.
  using Event = std::function<void(absl::string_view key, int64_t revision)>;

  // Watches from now on.
  EtcdWatch(EtcdClient& client, const EtcdRange& range, Event event);
  // Ends the stream; `event` is not called afterwards.
  ~EtcdWatch() override;

  // Waits until etcd has confirmed the watch. The revision that it began at; 0:
  // not within `patience`.
  int64_t WaitUntilCreated(std::chrono::milliseconds patience);

 private:
  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;

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
