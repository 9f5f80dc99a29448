// EtcdStore is a store in an etcd cluster that any number of servers share.
//
// Thread-safe. For each ring it keeps only the last known value of the head
// key, and the table of a PARTITIONED ring. This saves a read before each
// write.
//
// A change is one transaction. It compares the revision of the ring's head key,
// and writes the head, the changed nodes and the change's record (keys.h).
// Some changes do not fit one request: many nodes, a long record, a new
// partition table. Their data is written first, under keys that no head refers
// to. One transaction on the head key then makes it valid.
//
// Unknown outcomes: if the answer to a transaction is lost, the client sends
// the same transaction again. The compare lets at most one attempt succeed.
// Each commit has a random number. If the compare fails, the record of that
// epoch decides:
// - It has this commit's number: an earlier attempt was executed. OK.
// - It has another number: this commit can no longer succeed. EPOCH_CONFLICT.
// - It cannot be read in time: the outcome is unknown. STORE_UNAVAILABLE.
// Therefore an epoch is never written twice.
//
// Turns: the server that has won a race begins its next change one round trip
// before the server that lost, and would win every time. A transaction that
// loses therefore writes a mark (keys.h). A server that wins and finds a new
// mark waits before its next change of that ring.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_ETCD_STORE_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_ETCD_STORE_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "clockwise/stored/v1/stored.pb.h"
#include "etcd/rpc.pb.h"
#include "service/runtime/mutex.h"
#include "service/store/etcd/client.h"
#include "service/store/etcd/keys.h"
#include "service/store/etcd/markers.h"
#include "service/store/store.h"

namespace clockwise {

class EtcdBatch;
class EtcdFollower;
class EtcdServers;
class EtcdTxn;

class EtcdStore final : public Store {
 public:
  struct Options {
    EtcdClient::Options client;
    std::string prefix = "/clockwise/";  // common to all keys
    std::function<uint64_t()> random;    // for commits, places, generations
    std::function<absl::Time()> now = absl::Now;  // for tombstones
    // Time after which a killed server is no longer listed.
    std::chrono::seconds server_lease{15};
  };

  explicit EtcdStore(Options options);
  ~EtcdStore() override;

  absl::StatusOr<std::vector<StoredRing>> LoadAll() override;
  absl::StatusOr<StoredRing> Load(absl::string_view ring) override;
  absl::StatusOr<RingHead> Head(absl::string_view ring) override;
  absl::StatusOr<std::vector<RingHead>> Heads() override;
  absl::StatusOr<std::vector<stored::v1::ChangeRecord>> ChangesAfter(
      absl::string_view ring, uint64_t incarnation, uint64_t epoch) override;
  [[nodiscard]] absl::Status Import(const StoredRing& ring) override;
  [[nodiscard]] absl::Status ConfirmDeleted(absl::string_view ring) override;
  absl::StatusOr<std::vector<DeletedRing>> Deleted() override;
  absl::StatusOr<StoredRing> LoadDeleted(absl::string_view ring,
                                         uint64_t incarnation) override;
  [[nodiscard]] absl::Status Purge(const DeletedRing& ring) override;
  [[nodiscard]] absl::Status Apply(const Commit& commit) override;
  void Follow(Changed changed) override;
  void Announce(const stored::v1::ServerEntry& self) override;
  void Withdraw() override;
  ServerList Servers() const override;
  // Compares the cluster IDs of all endpoints, and checks the format.
  [[nodiscard]] absl::Status CheckStart() override;
  void Interrupt() override { client_.calls().Interrupt(); }
  void ReloadCredentials() override { client_.ReloadCredentials(); }
  bool shared() const override { return true; }
  bool up() const override { return client_.up() && Trust().ok(); }
  [[nodiscard]] absl::Status Trust() const override;
  Rejections rejections() const override { return client_.rejections(); }

 private:
  // The last head that was read or written.
  struct Known {
    stored::v1::EtcdHead head;
    int64_t revision = 0;  // of the head key
    OrdinalTable table;    // PARTITIONED only: at head.epoch
    // This server does not change the ring before this time.
    std::chrono::steady_clock::time_point give_way;
    int turns_given = 0;  // consecutive waits for other servers
  };
  using KnownPtr = std::shared_ptr<const Known>;

  // Reading. `revision` is the revision of etcd to read at. 0 means the newest
  // revision; functions that take a reference set it to the revision read.
  absl::StatusOr<std::vector<mvccpb::KeyValue>> ReadRange(
      const EtcdRange& range, int64_t& revision);
  absl::StatusOr<Known> ReadHead(absl::string_view ring, int64_t& revision);
  // Parses the head in `kv`; null: the key does not exist. RING_NOT_FOUND.
  static absl::StatusOr<Known> KnownFrom(absl::string_view ring,
                                         const mvccpb::KeyValue* kv);
  absl::StatusOr<StoredRing> ReadRing(const stored::v1::EtcdHead& head,
                                      int64_t revision);
  absl::StatusOr<StoredRing> LoadOnce(absl::string_view ring);
  absl::StatusOr<std::vector<StoredRing>> LoadAllOnce();
  absl::StatusOr<std::vector<v1::Node>> ReadNodes(
      const stored::v1::EtcdHead& head, int64_t revision);

  // Returns the records of the epochs after `after`, up to head.epoch.
  absl::StatusOr<std::vector<stored::v1::ChangeRecord>> ReadRecords(
      const stored::v1::EtcdHead& head, uint64_t after, int64_t revision);
  absl::StatusOr<std::vector<stored::v1::ChangeRecord>> ParseRecords(
      const stored::v1::EtcdHead& head, uint64_t after, int64_t revision,
      const std::vector<mvccpb::KeyValue>& kvs);
  absl::StatusOr<std::vector<stored::v1::ChangeRecord>> ChangesAfterOnce(
      absl::string_view ring, uint64_t incarnation, uint64_t epoch);
  absl::StatusOr<OrdinalTable> ReadTable(
      const stored::v1::EtcdHead& head,
      const std::vector<stored::v1::ChangeRecord>& records, int64_t revision);

  // Writing (etcd_store_write.cc, and etcd_store_rings.cc for whole rings).
  // Returns the state of the ring that `commit` follows: the last known state
  // if it fits, otherwise the state in etcd. Fails as CheckFollows does.
  absl::StatusOr<KnownPtr> KnownBefore(const Commit& commit);
  // Applies `commit` in one request. Returns false, and changes nothing, if it
  // does not fit one request.
  absl::StatusOr<bool> ApplyInOne(const Commit& commit, const Known& before,
                                  Known& after);
  // Applies `commit` by writing all keys of a new generation first.
  absl::Status ApplyInParts(const Commit& commit, const Known& before,
                            Known& after);
  // Writes the nodes and the table of `ring` under the generation of `head`.
  void PutGeneration(const stored::v1::EtcdHead& head, const StoredRing& ring,
                     EtcdBatch& batch);
  // Returns the value of the record's key. Writes a large record in parts.
  stored::v1::EtcdRecord PutRecord(uint64_t place,
                                   const stored::v1::ChangeRecord& record,
                                   uint64_t commit, EtcdBatch& batch);
  // Adds to `txn` the change of the head from `before` to `after`, sends it,
  // and finds out its outcome. Sets the revision and the wait in `after`.
  absl::Status Flip(EtcdTxn& txn, const Known& before, Known& after);

  // Unknown outcomes (etcd_store_write.cc).
  // Returns the outcome of a transaction whose compare failed; see above.
  absl::Status JudgeLoss(const etcdserverpb::TxnResponse& response,
                         bool maybe_made, Known& after);
  // Returns the outcome of a transaction that etcd rejected for lack of space:
  // OK if it was executed, otherwise `full`. etcd reports this error also for a
  // transaction that it has executed (its quotaApplierV3), so it is read back.
  absl::Status JudgeFull(const absl::Status& full, Known& after);

  // Deletes the oldest tombstones above limits::kMaxEtcdTombstones. Failures
  // do not matter: the next deletion of a ring repeats it.
  void TrimTombstones();

  // Whole rings (etcd_store_rings.cc).
  [[nodiscard]] absl::Status CreateIfOpen(const StoredRing& ring,
                                          const StillOpen& open) override;
  [[nodiscard]] absl::Status DeleteIfOpen(const Deletion& deletion,
                                          const StillOpen& open) override;
  // Writes a whole ring. `is_new`: requires that the ring from which it
  // migrates exists.
  absl::Status WriteRing(const StoredRing& ring, bool is_new,
                         const StillOpen& open);
  // Writes all other keys of `ring` under the place of `head`.
  absl::Status PutRing(const stored::v1::EtcdHead& head,
                       const StoredRing& ring);
  // Deletes the keys of a ring that was not created. Failures do not matter: no
  // head refers to these keys.
  void DropPlace(uint64_t place);
  // Writes the head of a ring that did not exist at `revision`, and deletes its
  // tombstone. RING_EXISTS; RING_NOT_FOUND as above. Returns false, and changes
  // nothing, if a ring was deleted since.
  absl::StatusOr<bool> CreateHead(const stored::v1::EtcdHead& head, bool is_new,
                                  int64_t revision);
  // Returns the result of CreateHead after a compare failed.
  absl::StatusOr<bool> JudgeCreation(const stored::v1::EtcdHead& head,
                                     bool is_new,
                                     const etcdserverpb::TxnResponse& response);
  // Makes one attempt of Delete. Returns false, and changes nothing, if the
  // ring was changed meanwhile. Sets `maybe_made` to true if the ring may have
  // been deleted although the attempt failed.
  absl::StatusOr<bool> DeleteOnce(const Deletion& deletion,
                                  const StillOpen& open, bool& maybe_made);
  // RING_IN_USE: a ring migrates from `ring` at `revision`.
  absl::Status CheckUnused(absl::string_view ring, int64_t revision);
  // Adds the end of the migration of `ring` from `source` to `txn`.
  void EndUse(const std::string& source, const std::string& ring,
              EtcdTxn& txn) const;
  // Adds the deletion of `known`, which was read at `revision`, to `txn`.
  void AddDeletion(const Known& known, int64_t revision,
                   const Deletion& deletion, EtcdTxn& txn) const;

  // Deleted rings (etcd_store_deleted.cc).
  // The value of a key Kept, and its revision.
  struct Kept {
    stored::v1::EtcdTombstone tombstone;
    int64_t revision = 0;
  };
  // RING_NOT_FOUND.
  absl::StatusOr<Kept> ReadKept(absl::string_view ring, uint64_t incarnation,
                                int64_t& revision);
  [[nodiscard]] absl::Status UndeleteIfOpen(const Commit& commit,
                                            const StillOpen& open) override;
  // Sends one attempt. Returns true if it was made, and false if a compare
  // failed. Sets `maybe_made` if it may have been made without an answer.
  absl::StatusOr<bool> SendAttempt(const EtcdTxn& txn, bool& maybe_made);
  // Makes one attempt of Undelete, whose head has the number `number`. Returns
  // false, and changes nothing, if another server was faster. Sets `maybe_made`
  // as DeleteOnce does.
  absl::StatusOr<bool> UndeleteOnce(const Commit& commit, uint64_t number,
                                    const StillOpen& open, bool& maybe_made);
  // Returns true if the restored ring, or a ring that it has become, is in
  // etcd: an earlier attempt with this number was executed.
  absl::StatusOr<bool> WasUndeleted(const Commit& commit, uint64_t number,
                                    const stored::v1::EtcdHead& head,
                                    int64_t revision);
  // Checks that the ring that `deleted` still migrates from after `commit`
  // exists; EPOCH_CONFLICT. Adds the compare of it to `txn`.
  absl::Status AddSource(const DeletedRing& deleted, const Commit& commit,
                         int64_t revision, EtcdTxn& txn);

  EtcdServers* AnnouncedServers() const;  // null before Announce

  // Access to `known_`.
  void Remember(absl::string_view ring, Known known);
  // Replaces the known state by `read`, which has no table yet. Computes its
  // table from the known table and `records`, which end at the epoch of `read`.
  // Forgets the ring if the records do not follow the known epoch.
  void Advance(absl::string_view ring, Known read,
               const std::vector<stored::v1::ChangeRecord>& records);
  void Forget(absl::string_view ring);
  KnownPtr Recall(absl::string_view ring);
  uint64_t Draw();  // returns a random number other than 0

  const Options options_;
  const EtcdKeys keys_;
  EtcdClient client_;
  EtcdMarkers markers_;
  std::atomic<bool> following_ = false;
  mutable Mutex mu_;
  // Rings that are missing without a tombstone: why they are still believed to
  // exist.
  std::map<std::string, absl::Status, std::less<>> missing_
      ABSL_GUARDED_BY(mu_);
  std::map<std::string, KnownPtr, std::less<>> known_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<EtcdFollower> follower_;
  // Null before Announce; never replaced.
  std::unique_ptr<EtcdServers> servers_ ABSL_GUARDED_BY(mu_);
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_ETCD_STORE_H_
