// The writes of EtcdStore, except for whole rings (etcd_store_rings.cc).
//
// Invariant: readers follow the head key only. A change becomes valid in
// exactly one transaction (Flip). It replaces the head key if its revision is
// still the one from which the change was computed. All writes before that
// transaction go to keys that no head refers to.
#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/ring/hash.h"
#include "service/store/etcd/batch.h"
#include "service/store/etcd/etcd_store.h"
#include "service/store/etcd/txn.h"
#include "service/store/etcd/values.h"
#include "service/store/store_rules.h"

namespace clockwise {
namespace {

// The table is written again when the changes since the last write have moved
// more partitions than this, and more than twice the partitions of the ring.
// Reading those moves would then cost more than reading a table.
constexpr uint64_t kMovesWorthATable = 4096;

// The wait of a server that has won a race. It should be as long as another
// server needs to plan its change again and to commit it, which this server
// cannot know. It doubles each time that it was too short: 8 ms to 512 ms.
constexpr std::chrono::milliseconds kShortestTurn(4);
constexpr int kTurnDoublings = 7;

}  // namespace

absl::Status EtcdStore::Apply(const Commit& commit) {
  // Nothing is visible before Flip, which is the commit.
  absl::Status status = markers_.Ensure();
  if (!status.ok()) return WithOutcome(status, /*maybe_made=*/false);
  // Phase 1: get the state that `commit` follows, usually without a read. It
  // may be out of date; Flip then detects that.
  auto before = KnownBefore(commit);
  if (!before.ok()) return WithOutcome(before.status(), /*maybe_made=*/false);
  // Phase 2: write, in one request if possible. Both ways end in Flip.
  Known after;
  after.head = HeadAfter((*before)->head, commit, Draw());
  auto done = ApplyInOne(commit, **before, after);
  status = done.status();
  if (done.ok() && !*done) status = ApplyInParts(commit, **before, after);
  // Phase 3: keep the new state for the next change. After a lost race, the old
  // state is kept: it is out of date, but ChangesAfter starts from it. After
  // other failures the state is unknown.
  if (status.ok()) {
    Remember(commit.ring, std::move(after));
  } else if (!LostRace(status)) {
    Forget(commit.ring);
  }
  return status;
}

absl::StatusOr<EtcdStore::KnownPtr> EtcdStore::KnownBefore(
    const Commit& commit) {
  KnownPtr known = Recall(commit.ring);
  if (known != nullptr && CheckFollows(HeadIn(known->head), commit).ok()) {
    return known;
  }
  int64_t revision = 0;
  auto read = ReadHead(commit.ring, revision);
  if (!read.ok()) return read.status();
  absl::Status status = CheckFollows(HeadIn(read->head), commit);
  if (!status.ok()) return status;
  if (PartitionsOf(read->head.spec()) > 0) {
    auto records = ReadRecords(read->head, read->head.table_epoch(), revision);
    if (!records.ok()) return records.status();
    auto table = ReadTable(read->head, *records, revision);
    if (!table.ok()) return table.status();
    read->table = *std::move(table);
  }
  return std::make_shared<const Known>(*std::move(read));
}

absl::StatusOr<bool> EtcdStore::ApplyInOne(const Commit& commit,
                                           const Known& before, Known& after) {
  // Phase 1: compute the next table in memory. In etcd, the table stays at
  // table_epoch, and the change's record holds the moves. After too many moves,
  // ApplyInParts writes a new table.
  const size_t partitions = PartitionsOf(before.head.spec());
  after.table = before.table;
  absl::Status status = MoveStored(commit, partitions, after.table);
  if (!status.ok()) return status;
  if (after.head.moved_since_table() >
      std::max<uint64_t>(2 * partitions, kMovesWorthATable)) {
    return false;
  }
  // Phase 2: put the nodes and the record into one transaction, if etcd's
  // limits for operations and bytes allow it. Nothing has been sent before the
  // last check, so `false` means that etcd is unchanged.
  const v1::Change& change = commit.record.change();
  EtcdTxn txn;
  std::map<absl::string_view, const v1::Node*> altered;  // null: removed
  for (const v1::Node& node : change.upserted()) altered[node.id()] = &node;
  for (const std::string& id : change.removed_ids()) altered[id] = nullptr;
  if (altered.size() > limits::kEtcdRequestOperations ||
      commit.record.ByteSizeLong() > limits::kEtcdValueBytes) {
    return false;
  }
  for (const auto& [id, node] : altered) {
    std::string key =
        keys_.Node(after.head.place(), after.head.generation(), id);
    if (node == nullptr) {
      txn.Delete({std::move(key), ""});
    } else {
      txn.Put(std::move(key), node->SerializeAsString());
    }
  }
  stored::v1::EtcdRecord record;
  record.set_commit(after.head.commit());
  *record.mutable_record() = commit.record;
  txn.Put(keys_.Change(after.head.place(), after.head.epoch()),
          record.SerializeAsString());
  if (txn.request().ByteSizeLong() > limits::kEtcdRequestBytes) return false;
  status = Flip(txn, before, after);
  if (!status.ok()) return status;
  return true;
}

absl::Status EtcdStore::ApplyInParts(const Commit& commit, const Known& before,
                                     Known& after) {
  // Phase 1: compute the whole new ring. The nodes are not kept in memory, so
  // the present ring is read. If another server changes it after this read,
  // Flip fails, because `before` no longer matches the head key.
  int64_t revision = 0;
  auto read = ReadHead(commit.ring, revision);
  if (!read.ok()) return WithOutcome(read.status(), /*maybe_made=*/false);
  absl::Status status = CheckFollows(HeadIn(read->head), commit);
  if (!status.ok()) return status;
  auto ring = ReadRing(read->head, revision);
  if (!ring.ok()) return WithOutcome(ring.status(), /*maybe_made=*/false);
  status = ApplyTo(*ring, commit);
  if (!status.ok()) return status;

  // Phase 2: write nodes, table and the parts of the record under a new,
  // random generation. No head refers to it, so readers still see the old ring,
  // and two servers that write at once do not disturb each other.
  stored::v1::EtcdHead& head = after.head;
  head.set_generation(Draw());
  head.set_table_epoch(head.epoch());
  head.set_moved_since_table(0);
  EtcdBatch batch(client_, markers_);
  PutGeneration(head, *ring, batch);
  const stored::v1::EtcdRecord record =
      PutRecord(head.place(), commit.record, head.commit(), batch);
  status = batch.Finish();
  if (!status.ok()) return WithOutcome(status, /*maybe_made=*/false);
  // Phase 3: one transaction switches the head to the new generation and
  // deletes all other generations of this place.
  after.table = std::move(ring->table);
  EtcdTxn txn;
  txn.Put(keys_.Change(head.place(), head.epoch()), record.SerializeAsString());
  for (const char* kind : {"nodes", "tables"}) {
    // This also deletes the keys of interrupted writers. A writer that is still
    // running loses its keys too, but its Flip fails on the new head anyway.
    txn.Delete(keys_.Before(kind, head.place(), head.generation()));
    txn.Delete(keys_.Behind(kind, head.place(), head.generation()));
  }
  return Flip(txn, before, after);
}

void EtcdStore::PutGeneration(const stored::v1::EtcdHead& head,
                              const StoredRing& ring, EtcdBatch& batch) {
  for (const v1::Node& node : ring.nodes) {
    batch.Put(keys_.Node(head.place(), head.generation(), node.id()),
              node.SerializeAsString());
  }
  constexpr size_t kPerChunk = limits::kEtcdValueBytes / sizeof(uint32_t);
  for (size_t first = 0; first < ring.table.size(); first += kPerChunk) {
    const size_t count = std::min(kPerChunk, ring.table.size() - first);
    batch.Put(
        keys_.Chunk(head.place(), head.generation(), first / kPerChunk),
        std::string(reinterpret_cast<const char*>(ring.table.data() + first),
                    count * sizeof(uint32_t)));
  }
}

stored::v1::EtcdRecord EtcdStore::PutRecord(
    uint64_t place, const stored::v1::ChangeRecord& record, uint64_t commit,
    EtcdBatch& batch) {
  stored::v1::EtcdRecord stored;
  stored.set_commit(commit);
  if (record.ByteSizeLong() <= limits::kEtcdValueBytes) {
    *stored.mutable_record() = record;
    return stored;
  }
  const std::string bytes = record.SerializeAsString();
  uint32_t parts = 0;
  for (size_t first = 0; first < bytes.size();
       first += limits::kEtcdValueBytes) {
    batch.Put(keys_.Part(place, record.change().epoch(), commit, parts++),
              bytes.substr(first, limits::kEtcdValueBytes));
  }
  stored.set_part_count(parts);
  stored.set_parts_digest(Xxh3(bytes));
  return stored;
}

absl::Status EtcdStore::Flip(EtcdTxn& txn, const Known& before, Known& after) {
  // Phase 1: complete the transaction. It replaces the head only if its
  // revision is the one that the change was computed from, and deletes the
  // records that are no longer needed. Afterwards, all keys that the new head
  // refers to exist.
  const stored::v1::EtcdHead& head = after.head;
  const std::string head_key = keys_.Head(head.spec().name());
  txn.CompareRevision(head_key, before.revision);
  txn.Put(head_key, head.SerializeAsString());
  const std::string& source = before.head.spec().migrating_from();
  if (!source.empty() && head.spec().migrating_from().empty()) {
    EndUse(source, head.spec().name(), txn);
  }
  const uint64_t kept_after = std::min(KeptAfter(head), head.epoch() - 1);
  if (kept_after > KeptAfter(before.head)) {
    txn.Delete(keys_.Changes(head.place(), 0, kept_after));
    txn.Delete(keys_.PartsUpTo(head.place(), kept_after));
  }
  // If the compare succeeds, the transaction reads the mark of servers that
  // lost a race. If it fails, it reads what JudgeLoss needs, and writes the
  // mark, so that this server gets a turn.
  const std::string turn_key = keys_.Turn(head.spec().name());
  txn.Read({turn_key, ""});
  txn.ElseRead(head_key);
  txn.ElseRead(keys_.Change(head.place(), head.epoch()));
  EtcdTxn mark;
  mark.Put(turn_key, "");
  markers_.Guard(mark);
  txn.ElseRun(mark);
  markers_.Guard(txn);
  // Phase 2: wait for the other servers' turn, then send.
  std::this_thread::sleep_until(before.give_way);
  etcdserverpb::TxnResponse response;
  bool maybe_made = false;
  absl::Status status = client_.Txn(txn.request(), response, maybe_made);
  if (ReasonOf(status) == v1::ERROR_REASON_STORE_FULL) {
    return WithOutcome(JudgeFull(status, after), /*maybe_made=*/true);
  }
  if (!status.ok()) return WithOutcome(status, maybe_made);
  // Phase 3: read the outcome. A mark that is newer than the previous head
  // means that another server has lost a race since then. This server therefore
  // waits before its next change, so that the other server can win.
  after.revision = response.header().revision();
  if (response.succeeded()) {
    const mvccpb::KeyValue* turn =
        FoundIn(response, response.responses_size() - 1);
    if (turn != nullptr && turn->mod_revision() > before.revision) {
      after.turns_given = std::min(before.turns_given + 1, kTurnDoublings);
      after.give_way = std::chrono::steady_clock::now() +
                       kShortestTurn * (1 << after.turns_given);
    }
    return absl::OkStatus();
  }
  return JudgeLoss(response, maybe_made, after);
}

// --- Unknown outcomes ---

namespace {

// Flip adds three operations before the reads of Guard, for the case that a
// compare fails: two reads and the mark.
constexpr int kReadsBeforeGuard = 3;

}  // namespace

absl::Status EtcdStore::JudgeLoss(const etcdserverpb::TxnResponse& response,
                                  bool maybe_made, Known& after) {
  const std::string& name = after.head.spec().name();
  const uint64_t epoch = after.head.epoch();
  const mvccpb::KeyValue* stored = FoundIn(response, 1);
  if (IsRecordOf(stored, after.head.commit())) {
    // The commit was made by an earlier attempt whose answer was lost. If the
    // ring has changed since, this revision is out of date, and the next
    // compare with it fails.
    after.revision = stored->mod_revision();
    return absl::OkStatus();
  }
  absl::Status status = markers_.Judge(response, kReadsBeforeGuard);
  if (!status.ok()) return WithOutcome(status, maybe_made);
  // The head in etcd says what happened instead: the ring was deleted, created
  // again, or changed by another server.
  const mvccpb::KeyValue* now = FoundIn(response, 0);
  stored::v1::EtcdHead head;
  if (now == nullptr) return RingNotFound(name);
  if (!head.ParseFromString(now->value())) {
    return EtcdDamaged(name, "its head cannot be parsed");
  }
  status = CheckIncarnation(HeadIn(head), after.head.incarnation());
  if (!status.ok()) return status;
  // The record of this epoch was dropped already, so it cannot say whose
  // commit it was. This matters only if an answer was lost.
  if (maybe_made && stored == nullptr && head.epoch() >= epoch) {
    return Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                   absl::StrCat("ring ", Quoted(name),
                                ": the outcome of the change to epoch ", epoch,
                                " is unknown: etcd's answer was lost, and the "
                                "ring, now at epoch ",
                                head.epoch(),
                                ", no longer keeps that epoch; read the ring, "
                                "and repeat the change only if it is missing"));
  }
  return Refusal(
      v1::ERROR_REASON_EPOCH_CONFLICT,
      absl::StrCat("ring ", Quoted(name), " is at epoch ", head.epoch(),
                   ": another server changed it before the change to epoch ",
                   epoch, "; retry"));
}

absl::Status EtcdStore::JudgeFull(const absl::Status& full, Known& after) {
  const std::string& name = after.head.spec().name();
  const uint64_t epoch = after.head.epoch();
  int64_t revision = 0;
  auto now = ReadHead(name, revision);
  if (LostRace(now.status())) return full;  // the ring was deleted
  if (!now.ok()) return now.status();
  if (now->head.commit() == after.head.commit()) {
    after.revision = now->revision;
    return absl::OkStatus();
  }
  // Another head may follow ours: then the record of our epoch has our number.
  auto stored =
      ReadRange({keys_.Change(after.head.place(), epoch), ""}, revision);
  if (!stored.ok()) return stored.status();
  if (!stored->empty() && IsRecordOf(&stored->front(), after.head.commit())) {
    after.revision = stored->front().mod_revision();
    return absl::OkStatus();
  }
  return full;
}

}  // namespace clockwise
