// Helpers for the values of a ring's keys in etcd. Stateless.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_VALUES_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_VALUES_H_

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "clockwise/stored/v1/stored.pb.h"
#include "etcd/rpc.pb.h"
#include "service/api/refusal.h"
#include "service/ring/partition_moves.h"
#include "service/store/store.h"
#include "service/store/store_rules.h"

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

// Returns the head after `commit`, which follows `before`. `number` is the
// head's number of the commit.
inline stored::v1::EtcdHead HeadAfter(const stored::v1::EtcdHead& before,
                                      const Commit& commit, uint64_t number) {
  stored::v1::EtcdHead head = before;
  head.set_epoch(commit.record.change().epoch());
  head.set_fingerprint(commit.record.change().fingerprint());
  ApplyToSpec(commit.record.change(), *head.mutable_spec());
  head.set_commit(number);
  head.set_dropped_epoch(
      std::max(before.dropped_epoch(), NewestDroppedEpoch(commit)));
  head.set_moved_since_table(
      before.moved_since_table() +
      static_cast<uint64_t>(commit.record.partitions().partitions_size()));
  return head;
}

// True if `stored` is the record of the commit with `number`. Null means that
// there is no record.
inline bool IsRecordOf(const mvccpb::KeyValue* stored, uint64_t number) {
  stored::v1::EtcdRecord record;
  return stored != nullptr && record.ParseFromString(stored->value()) &&
         record.commit() == number;
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
