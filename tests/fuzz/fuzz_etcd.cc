// Fuzzes the keys of a ring in etcd: its head, then keys with their values,
// each preceded by the letter of their kind.
#include "service/membership/restore.h"
#include "service/store/etcd/parse.h"
#include "service/store/etcd/values.h"
#include "service/store/store_rules.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace clockwise;  // NOLINT: a program of one file

struct Keys {
  EtcdKeyValues nodes, records, parts, table;
};

Keys Sort(const std::vector<std::string>& inputs) {
  Keys keys;
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (inputs[i].empty()) continue;
    mvccpb::KeyValue kv;
    kv.set_value(inputs[i].substr(1));
    switch (inputs[i][0]) {
      case 'n': {
        v1::Node node;  // its key usually matches the node that it holds
        if (node.ParseFromString(kv.value())) kv.set_key(node.id());
        keys.nodes.push_back(kv);
        break;
      }
      case 'r':
        keys.records.push_back(kv);
        break;
      case 'p':
        keys.parts.push_back(kv);
        break;
      default:
        keys.table.push_back(kv);
    }
  }
  return keys;
}

absl::StatusOr<StoredRing> RingOf(const stored::v1::EtcdHead& head,
                                  const Keys& keys) {
  StoredRing ring;
  ring.head = HeadIn(head);
  auto nodes = ParseEtcdNodes(head, 0, keys.nodes);
  if (!nodes.ok()) return nodes.status();
  ring.nodes = *std::move(nodes);
  uint64_t epoch = head.dropped_epoch();
  for (const mvccpb::KeyValue& kv : keys.records) {
    auto record = ParseEtcdRecord(head, ++epoch, kv.value());
    if (!record.ok()) return record.status();
    if (record->part_count() > 0) {
      absl::Status status = JoinEtcdParts(head, epoch, keys.parts, *record);
      if (!status.ok()) return status;
    }
    ring.history.push_back(record->record());
  }
  if (PartitionsOf(head.spec()) > 0) {
    auto table = ParseEtcdTable(head, ring.history, keys.table);
    if (!table.ok()) return table.status();
    ring.table = *std::move(table);
  }
  if (absl::Status status = CheckRing(ring); !status.ok()) return status;
  return ring;
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto inputs = fuzz::Parts(fuzz::View(data, size));
  const auto head = ParseEtcdHead("r", inputs[0]);
  if (!head.ok()) return 0;
  const Keys keys = Sort(inputs);
  const auto ring = RingOf(*head, keys);
  if (ring.ok() &&
      fuzz::IsSmall(ring->head.spec, fuzz::WeightsOf(ring->nodes))) {
    (void)RestoreState(*ring);
  }
  return 0;
}
