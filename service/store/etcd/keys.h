// Where a ring lies in etcd. Stateless.
//
//   PREFIX rings/NAME                                 its EtcdHead
//   PREFIX nodes/PLACE/GENERATION/ID            a Node
//   PREFIX tables/PLACE/GENERATION/CHUNK        ordinals, 4 bytes each
//   PREFIX changes/PLACE/EPOCH                  an EtcdRecord
//   PREFIX parts/PLACE/EPOCH-COMMIT/NUMBER      a part of a large record
//   PREFIX turns/NAME                                 put by who lost a race
//   PREFIX format                                     "1"
//
// A ring's place is drawn when it is created, so that one deleted and created
// anew, or two of one incarnation, share no key. Places, generations and
// commits are 16 hexadecimal digits, epochs 20 decimal ones, chunks and parts
// 8: so keys are in the order of their numbers. Only the heads are watched.
// What no head refers to is a leftover of a writer that was interrupted, and
// means nothing.
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

// All keys that begin with `prefix`.
EtcdRange Under(std::string prefix);

class EtcdKeys {
 public:
  explicit EtcdKeys(std::string prefix) : prefix_(std::move(prefix)) {}

  std::string Format() const;
  std::string Head(absl::string_view ring) const;
  EtcdRange Heads() const;
  std::string Turn(absl::string_view ring) const;
  // The name of the ring whose head `key` is.
  absl::string_view RingOf(absl::string_view head_key) const;

  std::string Node(uint64_t place, uint64_t generation,
                   absl::string_view id) const;
  EtcdRange Nodes(uint64_t place, uint64_t generation) const;
  std::string Chunk(uint64_t place, uint64_t generation, size_t number) const;
  EtcdRange Table(uint64_t place, uint64_t generation) const;

  std::string Change(uint64_t place, uint64_t epoch) const;
  // Those of the epochs first to last.
  EtcdRange Changes(uint64_t place, uint64_t first, uint64_t last) const;
  std::string Part(uint64_t place, uint64_t epoch, uint64_t commit,
                   size_t number) const;
  EtcdRange Parts(uint64_t place, uint64_t epoch, uint64_t commit) const;
  // Those of the epochs up to `last`.
  EtcdRange PartsUpTo(uint64_t place, uint64_t last) const;

  // Everything in a place: four ranges, by kind.
  static constexpr const char* kKinds[] = {"nodes", "tables", "changes",
                                           "parts"};
  EtcdRange All(absl::string_view kind, uint64_t place) const;
  // What lies in All before and behind the keys of one generation.
  EtcdRange Before(absl::string_view kind, uint64_t place,
                   uint64_t generation) const;
  EtcdRange Behind(absl::string_view kind, uint64_t place,
                   uint64_t generation) const;

 private:
  const std::string prefix_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_ETCD_KEYS_H_
