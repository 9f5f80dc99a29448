// A Store keeps rings durably. The tests in tests/store/store_acceptance.h
// define what every implementation must do.
//
// Thread-safe. For each ring, a store keeps a head (spec, incarnation, epoch,
// fingerprint), the nodes, the partition table and the last change records. It
// replaces them by compare-and-set on the epoch. It does not place keys.
//
// Failures carry an ErrorReason (service/api/refusal.h):
//   STORE_UNAVAILABLE (UNAVAILABLE)  the store cannot be reached, read or
//                                    written. The commit may have been made.
//   STORE_FULL (RESOURCE_EXHAUSTED)  no space; nothing was changed.
//   STORE_REFUSED (UNAVAILABLE)      the store answers, but does not accept the
//                                    call: read-only, or no permission; nothing
//                                    was changed.
//   EPOCH_CONFLICT (ABORTED)         the ring has another epoch or incarnation
//                                    than expected; nothing was changed.
//   RING_EXISTS (ALREADY_EXISTS)     the store has a ring with this name.
//   RING_IN_USE (FAILED_PRECONDITION)  another ring migrates from the ring.
//   RING_NOT_FOUND (NOT_FOUND)       the store has no ring with this name, or
//                                    does not keep the deleted ring.
#ifndef CLOCKWISE_SERVICE_STORE_STORE_H_
#define CLOCKWISE_SERVICE_STORE_STORE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clockwise/stored/v1/stored.pb.h"
#include "clockwise/v1/placement.pb.h"
#include "service/ring/partition_moves.h"
#include "service/runtime/mutex.h"

namespace clockwise {

// RingHead identifies a state of a ring.
struct RingHead {
  v1::RingSpec spec;  // defaults filled in; spec.name() is the key
  uint64_t incarnation = 0;
  uint64_t epoch = 0;
  uint64_t fingerprint = 0;
};

// StoredRing is a whole ring as a store keeps it.
struct StoredRing {
  RingHead head;
  std::vector<v1::Node> nodes;                    // sorted by id
  std::vector<stored::v1::ChangeRecord> history;  // oldest first, without gaps;
                                                  // ends at head.epoch
  OrdinalTable table;                             // PARTITIONED only
};

// Commit is one change that a store makes durable completely or not at all. The
// store
// - writes the nodes in record.change().upserted, and removes those in
//   record.change().removed_ids;
// - moves record.partitions() in the table;
// - sets the head's epoch to record.change().epoch, which must be the present
//   epoch plus one, and its fingerprint;
// - clears the spec's migrating_from if record.change().ended_migration_from is
//   set.
struct Commit {
  std::string ring;
  uint64_t incarnation = 0;         // expected
  stored::v1::ChangeRecord record;  // has the new epoch and fingerprint
  size_t history_changes = 0;       // maximum number of records that are kept
  uint64_t dropped_epoch = 0;       // records up to this epoch are dropped too
};

// Deletion deletes one ring. The store keeps the ring, so that Undelete can
// restore it, if record.deletion() has an expire_time.
struct Deletion {
  std::string ring;
  uint64_t incarnation = 0;  // expected
  uint64_t epoch = 0;        // expected; 0: any
  stored::v1::DeletionRecord record;

  bool keeps() const { return record.deletion().has_expire_time(); }
};

// DeletedRing describes a deleted ring that a store keeps.
struct DeletedRing {
  RingHead head;  // when it was deleted
  stored::v1::DeletionRecord record;
};

// StillOpen returns OK while the call that a write belongs to is open. Create,
// Delete and Undelete call it after each read that they decide by, and write
// only if it returns OK and nothing that they have read has changed since.
// Otherwise they return its status. Null: always OK. It must be cheap.
using StillOpen = std::function<absl::Status()>;

inline absl::Status CheckOpen(const StillOpen& open) {
  return open == nullptr ? absl::OkStatus() : open();
}

class Store {
 public:
  virtual ~Store() = default;

  // Returns all rings, sorted by name. The server calls it at the start.
  virtual absl::StatusOr<std::vector<StoredRing>> LoadAll() = 0;

  // Returns the present state of one ring. RING_NOT_FOUND.
  virtual absl::StatusOr<StoredRing> Load(absl::string_view ring) = 0;

  // Returns the present head of one ring. Cheaper than Load. RING_NOT_FOUND.
  virtual absl::StatusOr<RingHead> Head(absl::string_view ring) = 0;

  // Returns the present heads of all rings, sorted by name. Cheaper than
  // LoadAll in stores that several programs share.
  virtual absl::StatusOr<std::vector<RingHead>> Heads();

  // Returns all changes of a ring after `epoch`, oldest first, up to the
  // newest. RING_NOT_FOUND. EPOCH_CONFLICT: some of them are no longer kept, or
  // the ring has another incarnation; the caller must Load the ring.
  virtual absl::StatusOr<std::vector<stored::v1::ChangeRecord>> ChangesAfter(
      absl::string_view ring, uint64_t incarnation, uint64_t epoch);

  // Writes a new ring, completely or not at all. It has no nodes and no
  // history, or those of its first change. RING_EXISTS. RING_NOT_FOUND: the
  // ring that the spec migrates from does not exist.
  [[nodiscard]] absl::Status Create(const StoredRing& ring,
                                    const StillOpen& open = nullptr) {
    return CreateIfOpen(ring, open);
  }
  // Writes a new ring without nodes.
  [[nodiscard]] absl::Status Create(const RingHead& head,
                                    const StillOpen& open = nullptr) {
    StoredRing ring;
    ring.head = head;
    return CreateIfOpen(ring, open);
  }

  // Writes a whole ring, completely or not at all. `ring` must be a ring that
  // Load returned, of this or of another store. RING_EXISTS.
  [[nodiscard]] virtual absl::Status Import(const StoredRing& ring) = 0;

  // Deletes a ring. Removes its nodes, table and history, or keeps them.
  // RING_NOT_FOUND. RING_IN_USE: another ring migrates from it.
  // EPOCH_CONFLICT: the ring with this name has another incarnation or epoch.
  [[nodiscard]] absl::Status Delete(const Deletion& deletion,
                                    const StillOpen& open = nullptr) {
    return DeleteIfOpen(deletion, open);
  }
  // Deletes a ring and does not keep it.
  [[nodiscard]] absl::Status Delete(absl::string_view ring,
                                    uint64_t incarnation,
                                    const StillOpen& open = nullptr) {
    Deletion deletion;
    deletion.ring = std::string(ring);
    deletion.incarnation = incarnation;
    return DeleteIfOpen(deletion, open);
  }

  // Returns the deleted rings that the store keeps, expired ones included:
  // sorted by name, and those of one name by time, the newest first.
  virtual absl::StatusOr<std::vector<DeletedRing>> Deleted() = 0;

  // Returns a deleted ring as it was. RING_NOT_FOUND: it is not kept.
  virtual absl::StatusOr<StoredRing> LoadDeleted(absl::string_view ring,
                                                 uint64_t incarnation) = 0;

  // Restores the deleted ring that `commit` names and applies `commit` to it,
  // both or neither. RING_EXISTS: a ring with this name exists. RING_NOT_FOUND:
  // the deleted ring is not kept. EPOCH_CONFLICT: it has another epoch, or the
  // ring that it would still migrate from (DeletionRecord.source_incarnation)
  // no longer exists.
  [[nodiscard]] absl::Status Undelete(const Commit& commit,
                                      const StillOpen& open = nullptr) {
    return UndeleteIfOpen(commit, open);
  }

  // Removes a deleted ring that Deleted has returned. OK if the store does not
  // keep it.
  [[nodiscard]] virtual absl::Status Purge(const DeletedRing& ring) = 0;

  // Returns OK if `ring`, which the caller has read before, was deleted by
  // Delete. A ring may also be missing because the store has lost its data.
  // STORE_UNAVAILABLE: there is no proof of the deletion. EPOCH_CONFLICT: the
  // ring exists again.
  [[nodiscard]] virtual absl::Status ConfirmDeleted(absl::string_view ring);

  // Writes one change. After OK, the change survives a crash of the process
  // and, except in a MemoryStore, a loss of power. RING_NOT_FOUND,
  // EPOCH_CONFLICT.
  [[nodiscard]] virtual absl::Status Apply(const Commit& commit) = 0;

  // Calls `changed`, on a thread of the store, when another program may have
  // changed a ring. An empty name means that any ring may have changed.
  // - The call is a notification only; the callee reads the changes by Head or
  //   ChangesAfter.
  // - The store calls it with "" at the start, and repeats that call while
  //   `changed` returns a failure.
  // - A null `changed` ends the calls, and waits for a call that is running.
  // - A store that only one program uses never calls `changed`.
  using Changed = std::function<absl::Status(const std::string& ring)>;
  virtual void Follow(Changed changed);

  // Adds this server to the list of servers, so that other programs find it. A
  // shared store keeps the entry there until Withdraw is called, or until
  // shortly after the program was killed. Blocks for at most a second; a
  // failure is in ServerList, and is retried. Must be called at most once.
  virtual void Announce(const stored::v1::ServerEntry& self);
  // Removes this server from the list of a shared store. Blocks for at most a
  // second.
  virtual void Withdraw() {}

  // The servers that use the store, as they were last read.
  struct ServerList {
    // Sorted by address; at most limits::kMaxListedServers.
    std::vector<stored::v1::ServerEntry> servers;
    uint64_t count = 0;  // of all, listed or not
    absl::Status
        listed;  // the failure to list this server, or to read the list
  };
  // Returns the list; empty before Announce. A store that only one program uses
  // lists this server. Does not access another machine.
  virtual ServerList Servers() const;

  // Ends all present and future calls that wait for another machine, with
  // STORE_UNAVAILABLE. The server calls it before it exits. Does nothing in a
  // store on this machine.
  virtual void Interrupt() {}

  // Reads the files with the credentials for the store again. The server calls
  // it at SIGHUP.
  virtual void ReloadCredentials() {}

  // True if other programs may write to the store. What this program has read
  // from it may then be out of date.
  virtual bool shared() const { return false; }

  // Checks the store before its rings are loaded for the first time.
  // FAILED_PRECONDITION: the server must not start on this store. Other
  // failures may pass.
  [[nodiscard]] virtual absl::Status CheckStart() { return absl::OkStatus(); }

  // True if the store answered the last access, even with an error about the
  // change. For the metric and for status reports.
  virtual bool up() const = 0;

  // Returns STORE_UNAVAILABLE, with the reason, if the store is not the one
  // that this program has read before: it was replaced, was set back, or has
  // lost rings. up() is then false. Does not access another machine.
  [[nodiscard]] virtual absl::Status Trust() const { return absl::OkStatus(); }

  // Answers that were rejected because they were not of this store. Other
  // members of the store may have answered instead.
  struct Rejections {
    uint64_t count = 0;
    std::string last;  // the reason of the last one
  };
  virtual Rejections rejections() const { return {}; }

 private:
  mutable Mutex self_mu_;
  stored::v1::ServerEntry self_ ABSL_GUARDED_BY(self_mu_);  // unless shared

  // By default, the source of a migration is not checked.
  [[nodiscard]] virtual absl::Status CreateIfOpen(const StoredRing& ring,
                                                  const StillOpen& open);
  [[nodiscard]] virtual absl::Status DeleteIfOpen(const Deletion& deletion,
                                                  const StillOpen& open) = 0;
  [[nodiscard]] virtual absl::Status UndeleteIfOpen(const Commit& commit,
                                                    const StillOpen& open) = 0;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_STORE_H_
