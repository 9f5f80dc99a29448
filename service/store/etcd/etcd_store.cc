#include "service/store/etcd/etcd_store.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/store/etcd/follower.h"
#include "service/store/etcd/parse.h"
#include "service/store/etcd/servers.h"
#include "service/store/etcd/txn.h"
#include "service/store/etcd/values.h"
#include "service/store/store_rules.h"

namespace clockwise {
EtcdStore::EtcdStore(Options options)
    : options_(std::move(options)),
      keys_(options_.prefix),
      client_(options_.client),
      markers_(client_, keys_, options_.random) {}

EtcdStore::~EtcdStore() = default;

void EtcdStore::Follow(Changed changed) {
  follower_.reset();
  following_ = changed != nullptr;
  if (changed) {
    follower_ = std::make_unique<EtcdFollower>(client_, keys_, changed);
  }
}

void EtcdStore::Announce(const stored::v1::ServerEntry& self) {
  constexpr std::chrono::seconds kPatience(1);
  auto servers = std::make_unique<EtcdServers>(client_, markers_, keys_, self,
                                               options_.server_lease);
  servers->WaitUntilListed(std::chrono::steady_clock::now() + kPatience);
  MutexLock lock(mu_);
  servers_ = std::move(servers);
}

EtcdServers* EtcdStore::AnnouncedServers() const {
  MutexLock lock(mu_);
  return servers_.get();
}

void EtcdStore::Withdraw() {
  if (EtcdServers* const servers = AnnouncedServers()) servers->Withdraw();
}

Store::ServerList EtcdStore::Servers() const {
  const EtcdServers* const servers = AnnouncedServers();
  return servers == nullptr ? ServerList() : servers->List();
}

absl::Status EtcdStore::CheckStart() {
  absl::Status status = client_.CompareClusters(keys_.Format());
  if (!status.ok()) return status;
  status = markers_.Check();
  const absl::Status verdict = markers_.Last();
  return verdict.ok() ? status
                      : absl::FailedPreconditionError(verdict.message());
}

absl::Status EtcdStore::Trust() const {
  absl::Status status = client_.Believed();
  if (status.ok()) status = markers_.Last();
  if (!status.ok()) return status;
  MutexLock lock(mu_);
  return missing_.empty() ? absl::OkStatus() : missing_.begin()->second;
}

void EtcdStore::Remember(absl::string_view ring, Known known) {
  auto shared = std::make_shared<const Known>(std::move(known));
  MutexLock lock(mu_);
  known_[std::string(ring)] = std::move(shared);
}

void EtcdStore::Forget(absl::string_view ring) {
  MutexLock lock(mu_);
  if (const auto at = known_.find(ring); at != known_.end()) known_.erase(at);
}

EtcdStore::KnownPtr EtcdStore::Recall(absl::string_view ring) {
  MutexLock lock(mu_);
  const auto at = known_.find(ring);
  return at == known_.end() ? nullptr : at->second;
}

// Invariant of `known_`: the table of an entry is always the table at the epoch
// of its head, because ApplyInOne computes the next table from it. Without such
// a table there is no entry, and the next write reads head and table from etcd.
void EtcdStore::Advance(absl::string_view ring, Known read,
                        const std::vector<stored::v1::ChangeRecord>& records) {
  const KnownPtr known = Recall(ring);
  const size_t partitions = PartitionsOf(read.head.spec());
  if (partitions > 0) {
    // Apply each record that is newer than the known table, without a gap.
    if (known == nullptr ||
        known->head.incarnation() != read.head.incarnation()) {
      return;
    }
    uint64_t epoch = known->head.epoch();
    read.table = known->table;
    for (const stored::v1::ChangeRecord& record : records) {
      if (record.change().epoch() <= epoch) continue;
      if (record.change().epoch() - 1 != epoch ||
          !Move(record.partitions(), Direction::kForward, partitions,
                read.table)
               .ok()) {
        return Forget(ring);
      }
      ++epoch;
    }
    if (epoch != read.head.epoch()) return Forget(ring);
  }
  Remember(ring, std::move(read));
}

uint64_t EtcdStore::Draw() {
  uint64_t number = 0;
  while (number == 0) number = options_.random();
  return number;
}

// --- Reading ---
//
// A ring has many keys, and other servers change them during the read. Each
// function therefore first reads the head, which fixes a revision of etcd, and
// then reads all other keys at that revision. All keys read thus belong to one
// state of the ring. If etcd compacts that revision meanwhile, the whole read
// starts again.

namespace {

constexpr int kReadAttempts = 5;

// Calls `read` again, up to kReadAttempts times in total, while it fails
// because etcd has compacted its revision (OUT_OF_RANGE).
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
  // Read page by page. The first page sets `revision` if it was 0, so all pages
  // belong to the same revision.
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
  if (absl::Status status = markers_.Check(); !status.ok()) return status;
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
      MutexLock lock(mu_);
      missing_.erase(std::string(keys_.RingOf(kv.key())));
    }
    return heads;
  });
}

absl::StatusOr<StoredRing> EtcdStore::Load(absl::string_view ring) {
  if (absl::Status status = markers_.Check(); !status.ok()) return status;
  return Again([&] { return LoadOnce(ring); });
}

absl::StatusOr<StoredRing> EtcdStore::LoadOnce(absl::string_view ring) {
  int64_t revision = 0;
  auto known = ReadHead(ring, revision);
  if (!known.ok()) return known.status();
  return ReadRing(known->head, revision);
}

absl::StatusOr<std::vector<StoredRing>> EtcdStore::LoadAll() {
  if (absl::Status status = markers_.Check(); !status.ok()) return status;
  auto rings = Again([&] { return LoadAllOnce(); });
  // A server gives a store of an older version its ID as early as possible. A
  // failure, for example for lack of space, does not matter: each write
  // repeats it.
  if (following_ && rings.ok() && !rings->empty()) {
    markers_.Ensure().IgnoreError();
  }
  return rings;
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

absl::StatusOr<StoredRing> EtcdStore::ReadRing(const stored::v1::EtcdHead& head,
                                               int64_t revision) {
  // Phase 1: the nodes, which are always those of head.epoch.
  StoredRing ring;
  ring.head = HeadIn(head);
  auto nodes = ReadNodes(head, revision);
  if (!nodes.ok()) return nodes.status();
  ring.nodes = *std::move(nodes);
  // Phase 2: the table. etcd has it at head.table_epoch; the records after that
  // epoch change it to the table at head.epoch. So the read may need records
  // that are older than the history.
  auto records = ReadRecords(head, KeptAfter(head), revision);
  if (!records.ok()) return records.status();
  auto table = ReadTable(head, *records, revision);
  if (!table.ok()) return table.status();
  ring.table = *std::move(table);
  // Phase 3: the history: the records that were not dropped.
  for (stored::v1::ChangeRecord& record : *records) {
    if (record.change().epoch() > head.dropped_epoch()) {
      ring.history.push_back(std::move(record));
    }
  }
  absl::Status status = CheckRing(ring);
  if (!status.ok()) return EtcdDamaged(head.spec().name(), status.message());
  return ring;
}

absl::StatusOr<std::vector<v1::Node>> EtcdStore::ReadNodes(
    const stored::v1::EtcdHead& head, int64_t revision) {
  const EtcdRange range = keys_.Nodes(head.place(), head.generation());
  auto kvs = ReadRange(range, revision);
  if (!kvs.ok()) return kvs.status();
  return ParseEtcdNodes(head, range.begin.size(), *kvs);
}

absl::StatusOr<std::vector<stored::v1::ChangeRecord>> EtcdStore::ChangesAfter(
    absl::string_view ring, uint64_t incarnation, uint64_t epoch) {
  return Again([&] { return ChangesAfterOnce(ring, incarnation, epoch); });
}

// --- Records of changes ---

namespace {

constexpr uint64_t kNoEpoch = std::numeric_limits<uint64_t>::max();

}  // namespace

absl::StatusOr<std::vector<stored::v1::ChangeRecord>> EtcdStore::ReadRecords(
    const stored::v1::EtcdHead& head, uint64_t after, int64_t revision) {
  if (after >= head.epoch()) return std::vector<stored::v1::ChangeRecord>();
  auto kvs =
      ReadRange(keys_.Changes(head.place(), after + 1, head.epoch()), revision);
  if (!kvs.ok()) return kvs.status();
  return ParseRecords(head, after, revision, *kvs);
}

absl::StatusOr<std::vector<stored::v1::ChangeRecord>> EtcdStore::ParseRecords(
    const stored::v1::EtcdHead& head, uint64_t after, int64_t revision,
    const std::vector<mvccpb::KeyValue>& kvs) {
  if (kvs.size() != head.epoch() - after) {
    return EtcdDamaged(
        head.spec().name(),
        absl::StrCat("its history has ", kvs.size(), " changes after epoch ",
                     after, ", not ", head.epoch() - after));
  }
  // The count is right, so each record must have the next epoch. A large record
  // has parts under the number of its commit; parts of commits that lost a race
  // have other numbers and are not read.
  std::vector<stored::v1::ChangeRecord> records;
  uint64_t epoch = after;
  for (const mvccpb::KeyValue& kv : kvs) {
    ++epoch;
    auto stored = ParseEtcdRecord(head, epoch, kv.value());
    if (!stored.ok()) return stored.status();
    if (stored->part_count() > 0) {
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
    const stored::v1::EtcdHead& head,
    const std::vector<stored::v1::ChangeRecord>& records, int64_t revision) {
  if (PartitionsOf(head.spec()) == 0) return OrdinalTable();
  auto kvs = ReadRange(keys_.Table(head.place(), head.generation()), revision);
  if (!kvs.ok()) return kvs.status();
  return ParseEtcdTable(head, records, *kvs);
}

absl::StatusOr<std::vector<stored::v1::ChangeRecord>>
EtcdStore::ChangesAfterOnce(absl::string_view ring, uint64_t incarnation,
                            uint64_t epoch) {
  // Phase 1: read the head and the records after `epoch` in one round trip. The
  // keys of the records depend on the ring's place, which is guessed from the
  // last known head.
  const KnownPtr guess = Recall(ring);
  EtcdTxn txn;
  txn.Read({keys_.Head(ring), ""});
  markers_.Read(txn);
  if (guess != nullptr && epoch < kNoEpoch) {
    txn.Read(keys_.Changes(guess->head.place(), epoch + 1, kNoEpoch));
  }
  etcdserverpb::TxnResponse response;
  bool maybe_made = false;
  absl::Status status = client_.Txn(txn.request(), response, maybe_made);
  // An etcd without space rejects every transaction, but still answers reads.
  const bool full = ReasonOf(status) == v1::ERROR_REASON_STORE_FULL;
  if (!status.ok() && !full) return status;
  status = full ? markers_.Check() : markers_.Judge(response, 1);
  if (!status.ok()) return status;
  int64_t revision = response.header().revision();
  auto known =
      full ? ReadHead(ring, revision) : KnownFrom(ring, FoundIn(response, 0));
  if (!known.ok()) {
    Forget(ring);  // another server deleted it
    return known.status();
  }
  // Phase 2: check that the caller's state leads to this head.
  const stored::v1::EtcdHead& head = known->head;
  status = CheckIncarnation(HeadIn(head), incarnation);
  if (status.ok()) {
    status = CheckKept(HeadIn(head), head.dropped_epoch(), epoch);
  }
  if (!status.ok()) return status;
  // Phase 3: use the records from the round trip if the place was right and all
  // of them fitted one page; otherwise read them, at the same revision.
  absl::StatusOr<std::vector<stored::v1::ChangeRecord>> records;
  if (response.responses_size() == 4 &&
      !response.responses(3).response_range().more() &&
      guess->head.place() == head.place()) {
    const auto& read = response.responses(3).response_range().kvs();
    records = ParseRecords(head, epoch, revision, {read.begin(), read.end()});
  } else {
    records = ReadRecords(head, epoch, revision);
  }
  if (!records.ok()) return records.status();
  Advance(ring, *std::move(known), *records);
  return records;
}

}  // namespace clockwise
