#include "service/store/etcd/parse.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/api/listen_address.h"
#include "service/limits.h"
#include "service/ring/hash.h"
#include "service/store/etcd/values.h"
#include "service/store/record_upgrade.h"

namespace clockwise {
namespace {

// True if GetStatus can list the server.
bool IsListable(const stored::v1::ServerEntry& entry) {
  constexpr int64_t kEndOfTime = 253'402'300'800;  // of a Timestamp: year 10000
  const auto& started = entry.start_time();
  return CheckAdvertised(entry.address()).ok() &&
         entry.version().size() <= limits::kMaxServerVersionBytes &&
         started.seconds() >= 0 && started.seconds() < kEndOfTime &&
         started.nanos() >= 0 && started.nanos() < 1'000'000'000;
}

}  // namespace

absl::StatusOr<stored::v1::EtcdHead> ParseEtcdHead(absl::string_view ring,
                                                   const std::string& value) {
  stored::v1::EtcdHead head;
  if (!head.ParseFromString(value) || head.spec().name() != ring) {
    return EtcdDamaged(ring, "its head cannot be parsed");
  }
  return head;
}

absl::StatusOr<std::vector<v1::Node>> ParseEtcdNodes(
    const stored::v1::EtcdHead& head, size_t prefix_bytes,
    const EtcdKeyValues& kvs) {
  std::vector<v1::Node> nodes;
  nodes.reserve(kvs.size());
  for (const mvccpb::KeyValue& kv : kvs) {
    const std::string id = kv.key().substr(prefix_bytes);
    v1::Node& node = nodes.emplace_back();
    if (!node.ParseFromString(kv.value()) || node.id() != id) {
      return EtcdDamaged(head.spec().name(), absl::StrCat("node ", Quoted(id),
                                                          " cannot be parsed"));
    }
  }
  return nodes;
}

absl::StatusOr<stored::v1::EtcdRecord> ParseEtcdRecord(
    const stored::v1::EtcdHead& head, uint64_t epoch,
    const std::string& value) {
  stored::v1::EtcdRecord stored;
  if (stored.ParseFromString(value) &&
      (stored.part_count() > 0 ||
       (UpgradeRecord(*stored.mutable_record()) &&
        stored.record().change().epoch() == epoch))) {
    return stored;
  }
  return EtcdDamaged(
      head.spec().name(),
      absl::StrCat("the change of epoch ", epoch, " cannot be parsed"));
}

absl::Status JoinEtcdParts(const stored::v1::EtcdHead& head, uint64_t epoch,
                           const EtcdKeyValues& parts,
                           stored::v1::EtcdRecord& stored) {
  std::string bytes;
  for (const mvccpb::KeyValue& kv : parts) bytes += kv.value();
  if (parts.size() == stored.part_count() &&
      Xxh3(bytes) == stored.parts_digest() &&
      stored.mutable_record()->ParseFromString(bytes) &&
      UpgradeRecord(*stored.mutable_record()) &&
      stored.record().change().epoch() == epoch) {
    return absl::OkStatus();
  }
  return EtcdDamaged(head.spec().name(),
                     absl::StrCat("parts of the change of epoch ", epoch,
                                  " are missing or changed"));
}

absl::StatusOr<OrdinalTable> ParseEtcdTable(
    const stored::v1::EtcdHead& head,
    const std::vector<stored::v1::ChangeRecord>& records,
    const EtcdKeyValues& kvs) {
  OrdinalTable table;
  for (const mvccpb::KeyValue& kv : kvs) {
    const size_t count = kv.value().size() / sizeof(uint32_t);
    if (count == 0) continue;
    table.resize(table.size() + count);
    std::memcpy(table.data() + table.size() - count, kv.value().data(),
                count * sizeof(uint32_t));
  }
  const size_t partitions = PartitionsOf(head.spec());
  for (const stored::v1::ChangeRecord& record : records) {
    if (record.change().epoch() <= head.table_epoch()) continue;
    absl::Status status =
        Move(record.partitions(), Direction::kForward, partitions, table);
    if (!status.ok()) {
      return EtcdDamaged(head.spec().name(), status.message());
    }
  }
  return table;
}

Store::ServerList ParseEtcdServers(size_t prefix_bytes,
                                   const etcdserverpb::RangeResponse& range) {
  Store::ServerList list;
  list.count = static_cast<uint64_t>(std::max<int64_t>(range.count(), 0));
  for (const mvccpb::KeyValue& kv : range.kvs()) {
    stored::v1::ServerEntry entry;
    if (entry.ParseFromString(kv.value()) &&
        kv.key().substr(std::min(prefix_bytes, kv.key().size())) ==
            absl::StrFormat("%016x", entry.instance()) &&
        IsListable(entry)) {
      list.servers.push_back(std::move(entry));
    } else if (list.count > 0) {
      --list.count;
    }
  }
  std::sort(list.servers.begin(), list.servers.end(),
            [](const auto& left, const auto& right) {
              return std::tuple(left.address(), left.instance()) <
                     std::tuple(right.address(), right.instance());
            });
  return list;
}

}  // namespace clockwise
