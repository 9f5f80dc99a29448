#include "service/store/etcd/origin.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace clockwise {

bool EtcdOrigin::IsCluster(const etcdserverpb::ResponseHeader& header) {
  uint64_t known = 0;
  cluster_.compare_exchange_strong(known, header.cluster_id());
  return known == 0 || known == header.cluster_id();
}

std::string EtcdOrigin::Reject(const etcdserverpb::ResponseHeader& header,
                               int64_t newest) {
  if (!IsCluster(header)) {
    return absl::StrFormat("is of cluster %016x, not of cluster %016x",
                           header.cluster_id(), cluster_.load());
  }
  if (header.revision() < newest) {
    return absl::StrCat("is at revision ", header.revision(), ", but revision ",
                        newest, " was read before");
  }
  int64_t highest = newest_;
  while (highest < header.revision() &&
         !newest_.compare_exchange_weak(highest, header.revision())) {
  }
  return "";
}

}  // namespace clockwise
