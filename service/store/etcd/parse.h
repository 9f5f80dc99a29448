// Parses the values of a ring's keys in etcd. Stateless.
//
// Any client of etcd can write any value, so each function checks its input.
// STORE_UNAVAILABLE: a value of a ring is not valid; the message names the
// ring.
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
#include "service/store/store.h"

namespace clockwise {

using EtcdKeyValues = std::vector<mvccpb::KeyValue>;

// Parses the head of `ring`.
absl::StatusOr<stored::v1::EtcdHead> ParseEtcdHead(absl::string_view ring,
                                                   const std::string& value);

// Parses nodes. Each key is a prefix of `prefix_bytes`, then the node's ID.
absl::StatusOr<std::vector<v1::Node>> ParseEtcdNodes(
    const stored::v1::EtcdHead& head, size_t prefix_bytes,
    const EtcdKeyValues& kvs);

// Parses the change of `epoch`. If it has parts, its record is still empty.
absl::StatusOr<stored::v1::EtcdRecord> ParseEtcdRecord(
    const stored::v1::EtcdHead& head, uint64_t epoch, const std::string& value);

// Joins the parts of `stored` and parses them into its record.
absl::Status JoinEtcdParts(const stored::v1::EtcdHead& head, uint64_t epoch,
                           const EtcdKeyValues& parts,
                           stored::v1::EtcdRecord& stored);

// Returns the table at head.epoch: the table at head.table_epoch from `kvs`,
// changed by the records after that epoch.
absl::StatusOr<OrdinalTable> ParseEtcdTable(
    const stored::v1::EtcdHead& head,
    const std::vector<stored::v1::ChangeRecord>& records,
    const EtcdKeyValues& kvs);

// Returns the valid entries of the list of servers. Each key is a prefix of
// `prefix_bytes`, then the server's instance.
Store::ServerList ParseEtcdServers(size_t prefix_bytes,
                                   const etcdserverpb::RangeResponse& range);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_PARSE_H_
