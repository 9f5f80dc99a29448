// What became of a change whose answer was lost, or does not tell.
#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/store/etcd/etcd_store.h"
#include "service/store/etcd/txn.h"
#include "service/store/etcd/values.h"
#include "service/store/store_rules.h"

namespace clockwise {
namespace {

// Whether `stored` is the record of the commit that made `head`; null: there is
// none.
bool IsRecordOf(const mvccpb::KeyValue* stored, const v1::EtcdHead& head) {
  v1::EtcdRecord record;
  return stored != nullptr && record.ParseFromString(stored->value()) &&
         record.commit() == head.commit();
}

}  // namespace

absl::Status EtcdStore::JudgeLoss(const etcdserverpb::TxnResponse& response,
                                  bool maybe_made, Known& after) {
  const std::string& name = after.head.spec().name();
  const uint64_t epoch = after.head.epoch();
  const mvccpb::KeyValue* stored = FoundIn(response, 1);
  if (IsRecordOf(stored, after.head)) {
    // An attempt whose answer was lost. The ring may be further by now; then
    // this revision, and with it the next compare, is out of date.
    after.revision = stored->mod_revision();
    return absl::OkStatus();
  }
  const mvccpb::KeyValue* now = FoundIn(response, 0);
  v1::EtcdHead head;
  if (now == nullptr) return RingNotFound(name);
  if (!head.ParseFromString(now->value())) {
    return EtcdDamaged(name, "its head cannot be read");
  }
  absl::Status status =
      CheckIncarnation(HeadIn(head), after.head.incarnation());
  if (!status.ok()) return status;
  if (maybe_made && stored == nullptr && head.epoch() >= epoch) {
    return Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE,
                   absl::StrCat("etcd: the answer to the change of ring ",
                                Quoted(name), " to epoch ", epoch,
                                " was lost, and by now the ring is "
                                "so far ahead, at epoch ",
                                head.epoch(),
                                ", that its "
                                "history does not tell whether it was made"));
  }
  return Refusal(v1::ERROR_REASON_EPOCH_CONFLICT,
                 absl::StrCat("ring ", Quoted(name), " is at epoch ",
                              head.epoch(), ", so epoch ", epoch,
                              " cannot be next: another server was faster"));
}

absl::Status EtcdStore::JudgeFull(const absl::Status& full, Known& after) {
  const std::string& name = after.head.spec().name();
  const uint64_t epoch = after.head.epoch();
  int64_t revision = 0;
  auto now = ReadHead(name, revision);
  if (LostRace(now.status())) return full;  // no such ring any more
  if (!now.ok()) return now.status();
  if (now->head.commit() == after.head.commit()) {
    after.revision = now->revision;
    return absl::OkStatus();
  }
  // Made, and others were made after it?
  auto stored =
      ReadRange({keys_.Change(after.head.place(), epoch), ""}, revision);
  if (!stored.ok()) return stored.status();
  if (!stored->empty() && IsRecordOf(&stored->front(), after.head)) {
    after.revision = stored->front().mod_revision();
    return absl::OkStatus();
  }
  return full;
}

}  // namespace clockwise
