// What the values of a ring's keys in etcd say. Whoever can write to etcd can
// put anything there, so each says STORE_UNAVAILABLE where it makes no sense.
// Stateless.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_PARSE_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_PARSE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clockwise/stored/v1/stored.pb.h"
#include "etcd/rpc.pb.h"
#include "service/ring/partition_moves.h"

namespace clockwise {

using EtcdKeyValues = std::vector<mvccpb::KeyValue>;

// Of the ring `ring`.
absl::StatusOr<stored::v1::EtcdHead> ParseEtcdHead(absl::string_view ring,
                                                   const std::string& value);

// Their keys are ids behind `prefix_bytes`.
absl::StatusOr<std::vector<v1::Node>> ParseEtcdNodes(
    const stored::v1::EtcdHead& head, size_t prefix_bytes,
    const EtcdKeyValues& kvs);

// The change of `epoch`. Where it has parts, its record is still empty.
absl::StatusOr<stored::v1::EtcdRecord> ParseEtcdRecord(
    const stored::v1::EtcdHead& head, uint64_t epoch, const std::string& value);

// Puts the parts of `stored` together to its record.
absl::Status JoinEtcdParts(const stored::v1::EtcdHead& head, uint64_t epoch,
                           const EtcdKeyValues& parts,
                           stored::v1::EtcdRecord& stored);

// The table as of head.epoch: as of head.table_epoch in `kvs`, and moved by
// those of `records` that came later.
absl::StatusOr<OrdinalTable> ParseEtcdTable(
    const stored::v1::EtcdHead& head,
    const std::vector<stored::v1::ChangeRecord>& records,
    const EtcdKeyValues& kvs);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_PARSE_H_
