// EtcdMarkers checks the two keys that say which store a prefix in etcd has:
// its format, and its ID, a random number. Thread-safe.
//
// Each transaction that writes has the compares of Guard. A server therefore
// writes nothing to a store whose format a newer version has raised, or to a
// store that was emptied and created again. The markers are written only where
// there are none. Failures are STORE_UNAVAILABLE, with the reason.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_MARKERS_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_MARKERS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "etcd/rpc.pb.h"
#include "service/runtime/mutex.h"
#include "service/store/etcd/client.h"
#include "service/store/etcd/keys.h"
#include "service/store/etcd/txn.h"

namespace clockwise {

class EtcdMarkers {
 public:
  // `client` and `keys` must outlive this object. `random` draws IDs.
  EtcdMarkers(EtcdClient& client, const EtcdKeys& keys,
              std::function<uint64_t()> random)
      : client_(client), keys_(keys), random_(std::move(random)) {}

  // Reads and checks the markers. The first ID that is read is remembered. A
  // store without markers is accepted until then: it has no rings, or an older
  // version wrote it.
  [[nodiscard]] absl::Status Check();

  // Checks the markers, if they were not checked yet or failed the last check.
  // Writes those that do not exist, unless this object has read them before.
  // Call it before each write.
  [[nodiscard]] absl::Status Ensure();

  // Adds to `txn` the compares, and the reads that Judge needs. Requires that
  // Ensure has succeeded.
  void Guard(EtcdTxn& txn) const;

  // Adds the two reads that Judge needs.
  void Read(EtcdTxn& txn) const;

  // Checks the markers as a transaction has read them. `index` is the number of
  // the first of the two results.
  [[nodiscard]] absl::Status Judge(const etcdserverpb::TxnResponse& response,
                                   int index);

  // Returns the verdict of the last check. Does not call etcd.
  [[nodiscard]] absl::Status Last() const;

 private:
  // Null: the key does not exist.
  absl::Status CheckFound(const mvccpb::KeyValue* format,
                          const mvccpb::KeyValue* id);
  absl::Status Verdict(const mvccpb::KeyValue* format,
                       const mvccpb::KeyValue* id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  EtcdClient& client_;
  const EtcdKeys& keys_;
  const std::function<uint64_t()> random_;
  mutable Mutex mu_;
  bool ensured_ ABSL_GUARDED_BY(mu_) = false;  // both markers exist
  std::string id_ ABSL_GUARDED_BY(mu_);        // empty: not read yet
  absl::Status last_ ABSL_GUARDED_BY(mu_);
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_MARKERS_H_
