// A Store is where rings are durable. What every implementation must do is
// written down as a test: tests/store/store_acceptance.h.
//
// Thread-safe. A store knows nothing of rings as such: it keeps a head (spec,
// incarnation, epoch, fingerprint), the nodes, and the last change records of
// each ring, and replaces them by compare-and-set on the epoch.
//
// Failures, all of them refusals (service/api/refusal.h):
//   STORE_UNAVAILABLE (UNAVAILABLE)     cannot be reached, read or written. The
//                                       commit may have been made or not.
//   STORE_FULL (RESOURCE_EXHAUSTED)     no space; nothing was changed.
//   EPOCH_CONFLICT (ABORTED)            the ring is not at the epoch, or of the
//                                       incarnation, expected; nothing was
//                                       changed.
//   RING_EXISTS, RING_NOT_FOUND         as their names say.
#ifndef CLOCKWISE_SERVICE_STORE_STORE_H_
#define CLOCKWISE_SERVICE_STORE_STORE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clockwise/stored/v1/stored.pb.h"
#include "clockwise/v1/placement.pb.h"
#include "service/ring/partition_moves.h"

namespace clockwise {

// What identifies a ring's state.
struct RingHead {
  v1::RingSpec spec;  // defaults filled in; spec.name() is the key
  uint64_t incarnation = 0;
  uint64_t epoch = 0;
  uint64_t fingerprint = 0;
};

// A ring as the store has it.
struct StoredRing {
  RingHead head;
  std::vector<v1::Node> nodes;  // sorted by id
  std::vector<stored::v1::ChangeRecord>
      history;         // oldest first, epochs dense, the
                       // last one's is head.epoch
  OrdinalTable table;  // PARTITIONED only
};

// One change, to be made durable whole or not at all. The node set becomes the
// stored one with record.change().upserted put in and
// record.change().removed_ids taken out; in the stored table
// record.partitions() are moved; the head's epoch becomes
// record.change().epoch, which is the epoch expected now plus one. If
// record.change().ended_migration_from is set, the spec's migrating_from
// becomes empty.
struct Commit {
  std::string ring;
  uint64_t incarnation = 0;         // expected
  stored::v1::ChangeRecord record;  // carries the new epoch and fingerprint
  size_t history_changes = 0;  // older records beyond this many are dropped,
  uint64_t dropped_epoch = 0;  // and those up to this epoch
};

class Store {
 public:
  virtual ~Store() = default;

  // All rings, sorted by name. Called at the start.
  virtual absl::StatusOr<std::vector<StoredRing>> LoadAll() = 0;

  // One ring as it is now; RING_NOT_FOUND.
  virtual absl::StatusOr<StoredRing> Load(absl::string_view ring) = 0;

  // The head of one ring as it is now; RING_NOT_FOUND. Cheap.
  virtual absl::StatusOr<RingHead> Head(absl::string_view ring) = 0;

  // The heads of all rings as they are now, by name. Cheaper than LoadAll where
  // several programs share the store.
  virtual absl::StatusOr<std::vector<RingHead>> Heads();

  // The changes of a ring after `epoch`, oldest first, dense, up to the newest.
  // RING_NOT_FOUND; EPOCH_CONFLICT: they are no longer all kept, or the ring is
  // of another incarnation: Load tells.
  virtual absl::StatusOr<std::vector<stored::v1::ChangeRecord>> ChangesAfter(
      absl::string_view ring, uint64_t incarnation, uint64_t epoch);

  // Makes a ring without nodes or history durable; RING_EXISTS.
  [[nodiscard]] absl::Status Create(const RingHead& head);

  // Makes a whole ring durable, or nothing of it; RING_EXISTS. `ring` is one
  // that Load of some store returned.
  [[nodiscard]] virtual absl::Status Import(const StoredRing& ring) = 0;

  // Deletes a ring, its nodes and history; RING_NOT_FOUND, EPOCH_CONFLICT (the
  // ring of that name has another incarnation).
  [[nodiscard]] virtual absl::Status Delete(absl::string_view ring,
                                            uint64_t incarnation) = 0;

  // Makes one change durable: when it returns OK, the change survives a crash
  // of the process and a loss of power. RING_NOT_FOUND, EPOCH_CONFLICT.
  [[nodiscard]] virtual absl::Status Apply(const Commit& commit) = 0;

  // Has `changed` called, on a thread of the store's, whenever another program
  // may have changed the ring, or any ring if the name is empty. It is a
  // wake-up call: what is new is read by Head or ChangesAfter. It is also
  // called with "" once at the start, and again and again as long as it returns
  // a failure. Null ends it, and waits for a call under way. A store of one
  // program has nothing to tell and never calls.
  using Changed = std::function<absl::Status(const std::string& ring)>;
  virtual void Follow(Changed changed);

  // Ends all calls that wait for another machine, now and from now on, with
  // STORE_UNAVAILABLE: the program is about to end. Nothing to do for a store
  // of this machine.
  virtual void Interrupt() {}

  // Whether other programs may write to it: then what is known of it may be out
  // of date.
  virtual bool shared() const { return false; }

  // Whether the last contact succeeded, for the metric and for people.
  virtual bool up() const = 0;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_STORE_H_
