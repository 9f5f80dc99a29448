// What EtcdStore reads. A ring lies in many keys: all are read as they were at
// one revision of etcd.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/store/etcd/etcd_store.h"
#include "service/store/etcd/parse.h"
#include "service/store/etcd/values.h"
#include "service/store/store_rules.h"

namespace clockwise {
namespace {

// Reads fail when etcd compacts the revision that they began at.
constexpr int kReadAttempts = 5;

template <typename Read>
auto Again(const Read& read) {
  auto result = read();
  for (int i = 1; i < kReadAttempts && absl::IsOutOfRange(result.status());
       ++i) {
    result = read();
  }
  if (absl::IsOutOfRange(result.status())) {
    result =
        Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE, result.status().message());
  }
  return result;
}

}  // namespace

absl::StatusOr<std::vector<mvccpb::KeyValue>> EtcdStore::ReadRange(
    const EtcdRange& range, int64_t& revision) {
  std::vector<mvccpb::KeyValue> all;
  etcdserverpb::RangeRequest request;
  request.set_key(range.begin);
  request.set_range_end(range.end);
  request.set_limit(limits::kEtcdPageKeys);
  while (true) {
    request.set_revision(revision);
    etcdserverpb::RangeResponse response;
    absl::Status status = client_.Range(request, response);
    if (!status.ok()) return status;
    if (revision == 0) revision = response.header().revision();
    for (mvccpb::KeyValue& kv : *response.mutable_kvs()) {
      all.push_back(std::move(kv));
    }
    if (!response.more() || all.empty()) return all;
    request.set_key(all.back().key() + '\0');
  }
}

absl::Status EtcdStore::CheckFormat() {
  int64_t revision = 0;
  auto kvs = ReadRange({keys_.Format(), ""}, revision);
  if (!kvs.ok()) return kvs.status();
  if (kvs->empty() || kvs->front().value() == kEtcdFormat) {
    return absl::OkStatus();
  }
  return Refusal(
      v1::ERROR_REASON_STORE_UNAVAILABLE,
      absl::StrCat("etcd: ", keys_.Format(), " is ",
                   Quoted(kvs->front().value()), ", not ", kEtcdFormat,
                   ": use the version of Clockwise that wrote it"));
}

absl::StatusOr<EtcdStore::Known> EtcdStore::ReadHead(absl::string_view ring,
                                                     int64_t& revision) {
  auto kvs = ReadRange({keys_.Head(ring), ""}, revision);
  if (!kvs.ok()) return kvs.status();
  return KnownFrom(ring, kvs->empty() ? nullptr : &kvs->front());
}

absl::StatusOr<EtcdStore::Known> EtcdStore::KnownFrom(
    absl::string_view ring, const mvccpb::KeyValue* kv) {
  if (kv == nullptr) return RingNotFound(ring);
  auto head = ParseEtcdHead(ring, kv->value());
  if (!head.ok()) return head.status();
  Known known;
  known.head = *std::move(head);
  known.revision = kv->mod_revision();
  return known;
}

absl::StatusOr<RingHead> EtcdStore::Head(absl::string_view ring) {
  int64_t revision = 0;
  auto known = ReadHead(ring, revision);
  if (!known.ok()) {
    if (LostRace(known.status())) Forget(ring);  // another server deleted it
    return known.status();
  }
  return HeadIn(known->head);
}

absl::StatusOr<std::vector<RingHead>> EtcdStore::Heads() {
  return Again([&]() -> absl::StatusOr<std::vector<RingHead>> {
    int64_t revision = 0;
    auto kvs = ReadRange(keys_.Heads(), revision);
    if (!kvs.ok()) return kvs.status();
    std::vector<RingHead> heads;
    heads.reserve(kvs->size());
    for (const mvccpb::KeyValue& kv : *kvs) {
      const auto head = ParseEtcdHead(keys_.RingOf(kv.key()), kv.value());
      if (!head.ok()) return head.status();
      heads.push_back(HeadIn(*head));
    }
    return heads;
  });
}

absl::StatusOr<StoredRing> EtcdStore::Load(absl::string_view ring) {
  return Again([&] { return LoadOnce(ring); });
}

absl::StatusOr<StoredRing> EtcdStore::LoadOnce(absl::string_view ring) {
  int64_t revision = 0;
  auto known = ReadHead(ring, revision);
  if (!known.ok()) return known.status();
  return ReadRing(known->head, revision);
}

absl::StatusOr<std::vector<StoredRing>> EtcdStore::LoadAll() {
  if (absl::Status status = CheckFormat(); !status.ok()) return status;
  return Again([&] { return LoadAllOnce(); });
}

absl::StatusOr<std::vector<StoredRing>> EtcdStore::LoadAllOnce() {
  int64_t revision = 0;
  auto kvs = ReadRange(keys_.Heads(), revision);
  if (!kvs.ok()) return kvs.status();
  std::vector<StoredRing> rings;
  for (const mvccpb::KeyValue& kv : *kvs) {
    auto known = ReadHead(keys_.RingOf(kv.key()), revision);
    if (!known.ok()) return known.status();
    auto ring = ReadRing(known->head, revision);
    if (!ring.ok()) return ring.status();
    rings.push_back(*std::move(ring));
  }
  return rings;
}

absl::StatusOr<StoredRing> EtcdStore::ReadRing(const v1::EtcdHead& head,
                                               int64_t revision) {
  StoredRing ring;
  ring.head = HeadIn(head);
  auto nodes = ReadNodes(head, revision);
  if (!nodes.ok()) return nodes.status();
  ring.nodes = *std::move(nodes);
  auto records = ReadRecords(head, KeptAfter(head), revision);
  if (!records.ok()) return records.status();
  auto table = ReadTable(head, *records, revision);
  if (!table.ok()) return table.status();
  ring.table = *std::move(table);
  for (v1::ChangeRecord& record : *records) {
    if (record.change().epoch() > head.dropped_epoch()) {
      ring.history.push_back(std::move(record));
    }
  }
  absl::Status status = CheckRing(ring);
  if (!status.ok()) return EtcdDamaged(head.spec().name(), status.message());
  return ring;
}

absl::StatusOr<std::vector<v1::Node>> EtcdStore::ReadNodes(
    const v1::EtcdHead& head, int64_t revision) {
  const EtcdRange range = keys_.Nodes(head.place(), head.generation());
  auto kvs = ReadRange(range, revision);
  if (!kvs.ok()) return kvs.status();
  return ParseEtcdNodes(head, range.begin.size(), *kvs);
}

absl::StatusOr<std::vector<v1::ChangeRecord>> EtcdStore::ChangesAfter(
    absl::string_view ring, uint64_t incarnation, uint64_t epoch) {
  return Again([&] { return ChangesAfterOnce(ring, incarnation, epoch); });
}

}  // namespace clockwise
