// Helpers for the values of a ring's keys in etcd. Stateless.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_VALUES_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_VALUES_H_

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "clockwise/stored/v1/stored.pb.h"
#include "service/api/refusal.h"
#include "service/ring/partition_moves.h"
#include "service/store/store.h"

namespace clockwise {

// The value of EtcdKeys::Format.
inline constexpr absl::string_view kEtcdFormat = "1";

inline RingHead HeadIn(const stored::v1::EtcdHead& head) {
  return {head.spec(), head.incarnation(), head.epoch(), head.fingerprint()};
}

// Returns the newest epoch whose record is no longer needed. A PARTITIONED ring
// needs all records after table_epoch, to compute the present table.
inline uint64_t KeptAfter(const stored::v1::EtcdHead& head) {
  return PartitionsOf(head.spec()) > 0
             ? std::min(head.dropped_epoch(), head.table_epoch())
             : head.dropped_epoch();
}

inline absl::Status EtcdDamaged(absl::string_view ring,
                                absl::string_view what) {
  return Refusal(
      v1::ERROR_REASON_STORE_UNAVAILABLE,
      absl::StrCat("etcd: ring ", Quoted(ring), ": the data is damaged (", what,
                   "); restore a backup"));
}

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_VALUES_H_
