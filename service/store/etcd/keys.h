// EtcdKeys builds the keys of rings in etcd. Stateless.
//
//   PREFIX rings/NAME                           the ring's EtcdHead
//   PREFIX nodes/PLACE/GENERATION/ID            a Node
//   PREFIX tables/PLACE/GENERATION/CHUNK        ordinals, 4 bytes each
//   PREFIX changes/PLACE/EPOCH                  an EtcdRecord
//   PREFIX parts/PLACE/EPOCH-COMMIT/NUMBER      a part of a large record
//   PREFIX uses/SOURCE#NAME                     NAME migrates from SOURCE
//   PREFIX uses/SOURCE#                         a migration from SOURCE ended
//   PREFIX turns/NAME                           a server lost a race
//                                               (etcd_store.h)
//   PREFIX deleted/NAME                         EtcdTombstone of a ring
//   PREFIX kept/NAME#INCARNATION                EtcdTombstone of a deleted ring
//                                               whose other keys were kept
//   PREFIX servers/INSTANCE                     ServerEntry of a server that
//                                               runs, under a lease (lease.h)
//   PREFIX format                               "1" (markers.h)
//   PREFIX id                                   the store's ID (markers.h)
//
// A place is a random number that is drawn when a ring is created. Two rings
// therefore share no key, even if they have the same name or incarnation.
// Places, incarnations, generations, commits and instances have 16 hexadecimal
// digits, epochs 20 decimal digits, chunks and parts 8 decimal digits. The
// order of keys is thus the order of their numbers. Servers watch the heads and
// the list of servers only. A key that no head refers to was left by an
// interrupted writer; readers ignore it.
#ifndef CLOCKWISE_SERVICE_STORE_ETCD_KEYS_H_
#define CLOCKWISE_SERVICE_STORE_ETCD_KEYS_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace clockwise {

// A range of keys; `end` is exclusive.
struct EtcdRange {
  std::string begin;
  std::string end;
};

// Returns the range of all keys that begin with `prefix`.
EtcdRange Under(std::string prefix);

class EtcdKeys {
 public:
  explicit EtcdKeys(std::string prefix) : prefix_(std::move(prefix)) {}

  std::string Format() const;
  std::string Id() const;
  std::string Tombstone(absl::string_view ring) const;
  EtcdRange Tombstones() const;
  std::string Kept(absl::string_view ring, uint64_t incarnation) const;
  EtcdRange AllKept() const;
  // '#' is in no name, although '/' may be.
  std::string Use(absl::string_view source, absl::string_view ring) const;
  std::string UseEnd(absl::string_view source) const;
  // All keys Use of the source, and its UseEnd.
  EtcdRange Uses(absl::string_view source) const;
  std::string Head(absl::string_view ring) const;
  EtcdRange Heads() const;
  std::string Turn(absl::string_view ring) const;
  std::string Server(uint64_t instance) const;
  EtcdRange Servers() const;
  // Returns the name of the ring whose head is stored at `head_key`.
  absl::string_view RingOf(absl::string_view head_key) const;

  std::string Node(uint64_t place, uint64_t generation,
                   absl::string_view id) const;
  EtcdRange Nodes(uint64_t place, uint64_t generation) const;
  std::string Chunk(uint64_t place, uint64_t generation, size_t number) const;
  EtcdRange Table(uint64_t place, uint64_t generation) const;

  std::string Change(uint64_t place, uint64_t epoch) const;
  // The changes of the epochs `first` to `last`, both included.
  EtcdRange Changes(uint64_t place, uint64_t first, uint64_t last) const;
  std::string Part(uint64_t place, uint64_t epoch, uint64_t commit,
                   size_t number) const;
  EtcdRange Parts(uint64_t place, uint64_t epoch, uint64_t commit) const;
  // The parts of all epochs up to `last`, included.
  EtcdRange PartsUpTo(uint64_t place, uint64_t last) const;

  // The keys of a place: one range for each of these kinds.
  static constexpr const char* kKinds[] = {"nodes", "tables", "changes",
                                           "parts"};
  EtcdRange All(absl::string_view kind, uint64_t place) const;
  // The keys in All that sort before and after the keys of one generation.
  EtcdRange Before(absl::string_view kind, uint64_t place,
                   uint64_t generation) const;
  EtcdRange Behind(absl::string_view kind, uint64_t place,
                   uint64_t generation) const;

 private:
  const std::string prefix_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_KEYS_H_
