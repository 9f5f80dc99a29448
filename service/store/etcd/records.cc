// How EtcdStore reads changes, and the tables that they move.
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/store/etcd/etcd_store.h"
#include "service/store/etcd/parse.h"
#include "service/store/etcd/txn.h"
#include "service/store/etcd/values.h"
#include "service/store/store_rules.h"

namespace clockwise {
namespace {

constexpr uint64_t kNoEpoch = std::numeric_limits<uint64_t>::max();

}  // namespace

absl::StatusOr<std::vector<v1::ChangeRecord>> EtcdStore::ReadRecords(
    const v1::EtcdHead& head, uint64_t after, int64_t revision) {
  if (after >= head.epoch()) return std::vector<v1::ChangeRecord>();
  auto kvs =
      ReadRange(keys_.Changes(head.place(), after + 1, head.epoch()), revision);
  if (!kvs.ok()) return kvs.status();
  return ParseRecords(head, after, revision, *kvs);
}

absl::StatusOr<std::vector<v1::ChangeRecord>> EtcdStore::ParseRecords(
    const v1::EtcdHead& head, uint64_t after, int64_t revision,
    const std::vector<mvccpb::KeyValue>& kvs) {
  if (kvs.size() != head.epoch() - after) {
    return EtcdDamaged(head.spec().name(), "its history has a gap");
  }
  std::vector<v1::ChangeRecord> records;
  uint64_t epoch = after;
  for (const mvccpb::KeyValue& kv : kvs) {
    ++epoch;
    auto stored = ParseEtcdRecord(head, epoch, kv.value());
    if (!stored.ok()) return stored.status();
    if (stored->parts() > 0) {
      auto parts = ReadRange(keys_.Parts(head.place(), epoch, stored->commit()),
                             revision);
      if (!parts.ok()) return parts.status();
      absl::Status status = JoinEtcdParts(head, epoch, *parts, *stored);
      if (!status.ok()) return status;
    }
    records.push_back(std::move(*stored->mutable_record()));
  }
  return records;
}

absl::StatusOr<OrdinalTable> EtcdStore::ReadTable(
    const v1::EtcdHead& head, const std::vector<v1::ChangeRecord>& records,
    int64_t revision) {
  if (PartitionsOf(head.spec()) == 0) return OrdinalTable();
  auto kvs = ReadRange(keys_.Table(head.place(), head.generation()), revision);
  if (!kvs.ok()) return kvs.status();
  return ParseEtcdTable(head, records, *kvs);
}

absl::StatusOr<std::vector<v1::ChangeRecord>> EtcdStore::ChangesAfterOnce(
    absl::string_view ring, uint64_t incarnation, uint64_t epoch) {
  // The head and what is likely to follow, in one round trip.
  const KnownPtr guess = Recall(ring);
  EtcdTxn txn;
  txn.Read({keys_.Head(ring), ""});
  if (guess != nullptr && epoch < kNoEpoch) {
    txn.Read(keys_.Changes(guess->head.place(), epoch + 1, kNoEpoch));
  }
  etcdserverpb::TxnResponse response;
  bool maybe_made = false;
  absl::Status status = client_.Txn(txn.request(), response, maybe_made);
  // A full etcd refuses any transaction, and still answers reads.
  const bool full = ReasonOf(status) == v1::ERROR_REASON_STORE_FULL;
  if (!status.ok() && !full) return status;
  int64_t revision = response.header().revision();
  auto known =
      full ? ReadHead(ring, revision) : KnownFrom(ring, FoundIn(response, 0));
  if (!known.ok()) {
    Forget(ring);  // another server deleted it
    return known.status();
  }
  const v1::EtcdHead& head = known->head;
  status = CheckIncarnation(HeadIn(head), incarnation);
  if (status.ok()) {
    status = CheckKept(HeadIn(head), head.dropped_epoch(), epoch);
  }
  if (!status.ok()) return status;
  absl::StatusOr<std::vector<v1::ChangeRecord>> records;
  if (response.responses_size() == 2 &&
      !response.responses(1).response_range().more() &&
      guess->head.place() == head.place()) {
    const auto& read = response.responses(1).response_range().kvs();
    records = ParseRecords(head, epoch, revision, {read.begin(), read.end()});
  } else {
    records = ReadRecords(head, epoch, revision);
  }
  if (!records.ok()) return records.status();
  Advance(ring, *std::move(known), *records);
  return records;
}

}  // namespace clockwise
