// EtcdOrigin decides whether an answer comes from the etcd that this program
// has read before. Thread-safe.
//
// It remembers the cluster ID of the first answer and the highest revision. An
// answer of another cluster, or of a lower revision, is rejected: that member
// lost its data, was restored, or was created as a cluster of its own. A new
// process believes the etcd that it finds, so operators restart the servers
// after they have restored etcd (deploy/runbooks.md).
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_ORIGIN_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_ORIGIN_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "etcd/rpc.pb.h"

namespace clockwise {

class EtcdOrigin {
 public:
  // Returns the highest revision that was accepted. Read it before a call is
  // sent: the answer must not be older.
  int64_t newest() const { return newest_; }

  // True if `header` is of this cluster. The first cluster is accepted.
  bool IsCluster(const etcdserverpb::ResponseHeader& header);

  // Returns why an answer is rejected; empty if it is accepted. `newest` was
  // read before the call was sent.
  std::string Reject(const etcdserverpb::ResponseHeader& header,
                     int64_t newest);

 private:
  std::atomic<uint64_t> cluster_ = 0;  // 0: no answer yet
  std::atomic<int64_t> newest_ = 0;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_ORIGIN_H_
