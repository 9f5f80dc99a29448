// EtcdStore is a store in an etcd cluster, which any number of servers share.
//
// Thread-safe. It keeps no ring: only, per ring, what it knows of the head key,
// to save a read before each write.
//
// A change is one transaction that compares the revision of the ring's head key
// and puts the head, the nodes changed and the change's record (keys.h).
// What does not fit one request (many nodes, a long record, a new partition
// table) is put first, where nobody looks yet, and the same one transaction
// makes it count.
//
// Unknown outcomes: when the answer to a transaction is lost, the same one is
// sent again; the compare lets at most one of them through. Each carries a
// number drawn at random. If the compare fails and the record of that epoch
// carries our number, an earlier attempt was made: OK. If it carries another,
// ours never will be: EPOCH_CONFLICT. If nothing can be read in time:
// STORE_UNAVAILABLE, which says that the outcome is unknown. So an epoch is
// never written twice.
//
// ComputeSlots: who has just won a race begins the next one a round trip ahead
// of who lost it, and would win for ever. So a transaction that loses leaves a
// mark, and the one that wins and finds a new mark gives way before its next.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_ETCD_STORE_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_ETCD_STORE_H_

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
#include "clockwise/stored/v1/stored.pb.h"
#include "etcd/rpc.pb.h"
#include "service/runtime/mutex.h"
#include "service/store/etcd/client.h"
#include "service/store/etcd/keys.h"
#include "service/store/store.h"

namespace clockwise {

class EtcdBatch;
class EtcdFollower;
class EtcdTxn;

class EtcdStore final : public Store {
 public:
  struct Options {
    EtcdClient::Options client;
    std::string prefix = "/clockwise/";  // of all keys
    std::function<uint64_t()> random;    // for numbers of commits
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
  [[nodiscard]] absl::Status Delete(absl::string_view ring,
                                    uint64_t incarnation) override;
  [[nodiscard]] absl::Status Apply(const Commit& commit) override;
  void Follow(Changed changed) override;
  void Interrupt() override { client_.calls().Interrupt(); }
  bool shared() const override { return true; }
  bool up() const override { return client_.up(); }

 private:
  // A head as it was read or written.
  struct Known {
    stored::v1::EtcdHead head;
    int64_t revision = 0;  // the head key's
    OrdinalTable table;    // PARTITIONED only: as of head.epoch
    // Before then, others have their turn.
    std::chrono::steady_clock::time_point give_way;
    int compute_slots_given = 0;  // in a row, and nobody took them
  };
  using KnownPtr = std::shared_ptr<const Known>;

  // Reading. `revision` is the revision of etcd to read at; 0 means the newest,
  // and is set to the revision that was read.
  absl::StatusOr<std::vector<mvccpb::KeyValue>> ReadRange(
      const EtcdRange& range, int64_t& revision);
  absl::StatusOr<Known> ReadHead(absl::string_view ring, int64_t& revision);
  // `kv`: what a head's key holds; null: it is not there.
  static absl::StatusOr<Known> KnownFrom(absl::string_view ring,
                                         const mvccpb::KeyValue* kv);
  absl::StatusOr<StoredRing> ReadRing(const stored::v1::EtcdHead& head,
                                      int64_t revision);
  absl::StatusOr<StoredRing> LoadOnce(absl::string_view ring);
  absl::StatusOr<std::vector<StoredRing>> LoadAllOnce();
  absl::StatusOr<std::vector<v1::Node>> ReadNodes(
      const stored::v1::EtcdHead& head, int64_t revision);

  // The records of the epochs after `after`, up to head.epoch.
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
  absl::Status CheckFormat();

  // Writing (etcd_store_write.cc).
  // What is known of the ring if that is what `commit` follows, else what is
  // read. The refusals of CheckFollows.
  absl::StatusOr<KnownPtr> KnownBefore(const Commit& commit);
  // Makes `commit` in one request; false: it does not fit one.
  absl::StatusOr<bool> ApplyInOne(const Commit& commit, const Known& before,
                                  Known& after);
  // Makes `commit` by a new set of keys.
  absl::Status ApplyInParts(const Commit& commit, const Known& before,
                            Known& after);
  void PutGeneration(const stored::v1::EtcdHead& head, const StoredRing& ring,
                     EtcdBatch& batch);
  // The value of the record's key; its parts, if it needs them, are put.
  stored::v1::EtcdRecord PutRecord(uint64_t place,
                                   const stored::v1::ChangeRecord& record,
                                   uint64_t commit, EtcdBatch& batch);
  // Sends `txn`, completed by what takes the head from `before` to `after`,
  // until its outcome is known.
  absl::Status Flip(EtcdTxn& txn, const Known& before, Known& after);

  // Transactions whose outcome is not known (etcd_store_write.cc).
  // What a failed compare means; see above.
  absl::Status JudgeLoss(const etcdserverpb::TxnResponse& response,
                         bool maybe_made, Known& after);
  // Whether a transaction was made that etcd called too large for its space:
  // it says so also of one that it has just executed (its quotaApplierV3), so
  // this must be read back. OK: it was.
  absl::Status JudgeFull(const absl::Status& full, Known& after);

  // Whole rings.
  absl::Status CreateHead(const stored::v1::EtcdHead& head);

  // What is known of heads.
  void Remember(absl::string_view ring, Known known);
  // Takes what is known of the ring to `read`, whose table is still missing, by
  // the records up to its epoch; forgets it where they do not follow.
  void Advance(absl::string_view ring, Known read,
               const std::vector<stored::v1::ChangeRecord>& records);
  void Forget(absl::string_view ring);
  KnownPtr Recall(absl::string_view ring);
  uint64_t Draw();

  const Options options_;
  const EtcdKeys keys_;
  EtcdClient client_;
  Mutex mu_;
  std::map<std::string, KnownPtr, std::less<>> known_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<EtcdFollower> follower_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_ETCD_STORE_H_
