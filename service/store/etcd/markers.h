// EtcdMarkers checks the key that states the format of a store in etcd.
//
// Thread-safe. Each transaction that writes has the compare of Guard. A server
// therefore writes nothing to a store whose format a newer version has raised,
// and never sets the format back. The marker is written only where there is
// none. Failures are STORE_UNAVAILABLE, with the reason.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_MARKERS_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_MARKERS_H_

#include <string>

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
  // `client` and `keys` must outlive this object.
  EtcdMarkers(EtcdClient& client, const EtcdKeys& keys)
      : client_(client), keys_(keys) {}

  // Reads and checks the marker. A store without a marker is accepted, because
  // it has no rings.
  [[nodiscard]] absl::Status Check();

  // Writes the marker if there is none. Call it before the first key of a ring
  // is written.
  [[nodiscard]] absl::Status Ensure();

  // Adds to `txn` the compare, and the read that Judge needs.
  void Guard(EtcdTxn& txn) const;

  // Checks the marker as a failed transaction has read it. `index` is the
  // number of Else… operations that were added before Guard.
  [[nodiscard]] absl::Status Judge(const etcdserverpb::TxnResponse& response,
                                   int index);

  // Checks the marker; null: there is none.
  [[nodiscard]] absl::Status CheckFormat(const mvccpb::KeyValue* format);

  // Returns the outcome of the last check. Does not call etcd.
  [[nodiscard]] absl::Status Last() const;

 private:
  absl::Status Note(absl::Status outcome);

  EtcdClient& client_;
  const EtcdKeys& keys_;
  mutable Mutex mu_;
  bool ensured_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status last_ ABSL_GUARDED_BY(mu_);
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_MARKERS_H_
