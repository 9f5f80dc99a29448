// A Ring is the placement of one node list under one spec: slots that answer
// which nodes own a key. Immutable.
//
// It owns its arrays and shares its nodes. One structure serves all layouts:
// *slots* in clockwise order (points, partitions, or remainders), each with one
// or more owners; a layout's rule finds a key's slot, and the owners are the
// first distinct nodes from there on. Building costs O(points log points), or
// O(partitions × replicas); a look-up O(log points), or O(1).
#ifndef CLOCKWISE_SERVICE_RING_RING_H_
#define CLOCKWISE_SERVICE_RING_RING_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/ring/layout.h"
#include "service/ring/line_index.h"
#include "service/ring/node_list.h"
#include "service/ring/profile/replication.h"

namespace clockwise {

class PointEdits;

class Ring {
 public:
  // Builds the ring of `nodes`, sorted and normalized (service/api/validate.h),
  // with a normalized `spec` (service/ring/layout_settings.h). PARTITIONED also
  // takes its `table` of indexes into `nodes`: min(replicas, nodes) distinct
  // owners for each partition, primary first, row-major; see
  // service/ring/next_ring.h. LIMIT_REACHED: too many nodes or points.
  // NODES_UNPLACEABLE: the layout cannot place these nodes.
  static absl::StatusOr<std::shared_ptr<const Ring>> Build(
      const v1::RingSpec& spec, NodeList nodes,
      std::vector<uint32_t> table = {});

  // The ring of `nodes` under the spec of `before`, which is not PARTITIONED:
  // the same as Build gives, made of what `before` has where little changes. A
  // change of one node then costs copies, not hashing and sorting.
  static absl::StatusOr<std::shared_ptr<const Ring>> After(const Ring& before,
                                                           NodeList nodes);

  // The same ring, migrating from no other any more.
  std::shared_ptr<const Ring> AfterMigration() const;

  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  const v1::RingSpec& spec() const { return spec_; }
  const LayoutRule& rule() const { return *rule_; }
  const NodeList& nodes() const { return nodes_; }

  // Owners that each key has when a request asks for `replicas`:
  // min(asked, nodes), where 0 asks for the spec's number.
  size_t OwnersPerKey(uint32_t replicas) const;

  KeyHash Hash(absl::string_view key) const { return hasher_(key); }

  // The slot that owns `hash`. There must be nodes.
  size_t SlotOf(KeyHash hash) const;

  // The index of the primary of `hash`: what OwnersFrom names first. There must
  // be nodes.
  uint32_t PrimaryOf(KeyHash hash) const {
    if (primary_by_index_) return index_.Node(hash.position);
    if (partition_shift_ != 0) {
      return slot_nodes_[(hash.position >> partition_shift_) *
                         owners_per_slot_];
    }
    return PrimaryFrom(SlotOf(hash));
  }
  // The same of up to kAtOnce keys, whose memory is fetched at once.
  // `primaries` is as long.
  static constexpr size_t kAtOnce = LineIndex::kAtOnce;
  void PrimariesOf(std::span<const absl::string_view> keys,
                   std::span<uint32_t> primaries) const;

  // Fills `owners` with the indexes (into nodes()) of distinct nodes, primary
  // first: walking clockwise from `slot`, first one node of each zone, then
  // the others. PARTITIONED: as the table says, then the others; CASSANDRA: as
  // its strategy says, then the others. Wants
  // 1 <= owners.size() <= min(kMaxReplicas, nodes).
  void OwnersFrom(size_t slot, std::span<uint32_t> owners) const;

  // The owners of `hash`: OwnersFrom(SlotOf(hash), owners), in one go.
  void OwnersOf(KeyHash hash, std::span<uint32_t> owners) const {
    if (owners.size() == 1) {
      owners[0] = PrimaryOf(hash);
    } else if (primary_by_index_ && owners.size() <= next_width_ + 1) {
      const LineIndex::Found found = index_.Look(hash.position);
      owners[0] = found.node;
      CopyNext(found.slot, owners);
    } else {
      OwnersFrom(SlotOf(hash), owners);
    }
  }

  // --- What the slots are, for balance, comparison and mirrors. ---
  size_t slots() const { return slot_nodes_.size() / owners_per_slot_; }
  // Whether slots are ranges of the hash space: (end of the slot before, its
  // own end], wrapping. Else (MODULO) they are remainders.
  bool has_arcs() const { return rule_->slot_rule != SlotRule::kModulo; }
  uint64_t SlotEnd(size_t slot) const;
  // Sorted ends, one a slot: the points' positions, but where a key on a point
  // is not that point's. Empty in layouts whose slots are no points.
  std::span<const uint64_t> positions() const { return positions_; }
  // Whose each slot is, indexes into nodes(), row-major; owners_per_slot() is 1
  // but for PARTITIONED.
  std::span<const uint32_t> slot_nodes() const { return slot_nodes_; }
  size_t owners_per_slot() const { return owners_per_slot_; }
  // How much of whole() hashes to a slot; the slots' widths sum to whole().
  absl::uint128 SlotWidth(size_t slot) const;
  absl::uint128 whole() const;

  // Bytes of all its arrays.
  size_t bytes() const;

  // Whether both hold the same arrays, byte for byte, whatever they were made
  // from. Rings of the same spec and nodes do.
  bool SameArrays(const Ring& other) const;

  // Checksum of all that placement depends on; see fingerprint.h.
  uint64_t fingerprint() const { return fingerprint_; }

 private:
  Ring(const v1::RingSpec& spec, NodeList nodes);
  // Gives the slots out by the layout's profile. LIMIT_REACHED,
  // NODES_UNPLACEABLE.
  absl::Status PlaceNodes();
  uint32_t PrimaryFrom(size_t slot) const;
  // How many owners behind the first are worked out for each slot.
  size_t NextWidth() const;
  // Works them out.
  void FillNext();
  // The same from those of the ring before, where nothing but points changed.
  void PatchNext(const Ring& before, const PointEdits& edits);
  // Works out those of one slot; gives the number of slots that they are on.
  size_t FillNextOf(size_t slot);
  // All but the first of `owners`, which are no more than next_width_ + 1.
  void CopyNext(size_t slot, std::span<uint32_t> owners) const {
    const uint16_t* next = &next_owners_[slot * next_width_];
    for (size_t i = 1; i < owners.size(); ++i) owners[i] = next[i - 1];
  }
  // As OwnersFrom, by walking. Gives how many slots were walked over; HASHED.
  size_t WalkFrom(size_t slot, std::span<uint32_t> owners) const;
  // Walks clockwise over all slots' owners from the `at`-th of slot_nodes_, and
  // appends the nodes that `wanted` takes, until `owners` holds `until`. Gives
  // the number of steps.
  template <typename Wanted>
  size_t Walk(size_t at, std::span<uint32_t> owners, size_t& found,
              size_t until, Wanted wanted) const;

  v1::RingSpec spec_;
  const LayoutRule* rule_;
  KeyHasher hasher_;
  NodeList nodes_;
  std::vector<uint64_t> positions_;
  std::vector<uint32_t> slot_nodes_;
  bool primary_by_index_ = false;
  int partition_shift_ = 0;  // of PARTITIONED
  LineIndex index_;          // of the two
  // The owners of each slot behind the first, row-major; empty where they are
  // not worked out, and next_width_ 0.
  std::vector<uint16_t> next_owners_;
  size_t next_width_ = 0;
  size_t owners_per_slot_ = 1;
  Zones zones_;  // owners are parted over; none: over nodes alone
  std::optional<profile::NetworkTopologyStrategy> topology_;
  uint64_t fingerprint_ = 0;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_RING_H_
