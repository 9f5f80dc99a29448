// A Ring is the placement of one node list under one spec. It returns the nodes
// that own a key. Immutable.
//
// A Ring owns its arrays and shares its nodes. One structure serves all
// layouts: *slots* in clockwise order (points, partitions or remainders), each
// with one or more owners. The layout's rule finds the slot of a key. The
// owners are the first distinct nodes from that slot on. Building costs
// O(points log points), or O(partitions × replicas). A look-up costs O(log
// points) or O(1).
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
  // requires its `table` of indexes into `nodes`: min(replicas, nodes) distinct
  // owners per partition, primary first, row-major (service/ring/next_ring.h).
  // LIMIT_REACHED: too many nodes or points. NODES_UNPLACEABLE: the layout
  // cannot place these nodes.
  static absl::StatusOr<std::shared_ptr<const Ring>> Build(
      const v1::RingSpec& spec, NodeList nodes,
      std::vector<uint32_t> table = {});

  // Returns the ring of `nodes` under the spec of `before`, which must not be
  // PARTITIONED. The result equals that of Build. If little changes, it is made
  // from the arrays of `before`: copies instead of hashing and sorting.
  static absl::StatusOr<std::shared_ptr<const Ring>> After(const Ring& before,
                                                           NodeList nodes);

  // Returns the same ring without `migrating_from`.
  std::shared_ptr<const Ring> AfterMigration() const;

  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  const v1::RingSpec& spec() const { return spec_; }
  const LayoutRule& rule() const { return *rule_; }
  const NodeList& nodes() const { return nodes_; }

  // Returns the number of owners per key if a request asks for `replicas`:
  // min(replicas, nodes). 0 means the number in the spec.
  size_t OwnersPerKey(uint32_t replicas) const;

  KeyHash Hash(absl::string_view key) const { return hasher_(key); }

  // Returns the slot that owns `hash`. Requires at least one node.
  size_t SlotOf(KeyHash hash) const;

  // Returns the index of the primary of `hash`, the first of OwnersFrom.
  // Requires at least one node.
  uint32_t PrimaryOf(KeyHash hash) const {
    if (primary_by_index_) return index_.Node(hash.position);
    if (partition_shift_ != 0) {
      return slot_nodes_[(hash.position >> partition_shift_) *
                         owners_per_slot_];
    }
    return PrimaryFrom(SlotOf(hash));
  }
  // Writes the primaries of up to kAtOnce keys to `primaries`, which has the
  // same length. Their cache misses overlap.
  static constexpr size_t kAtOnce = LineIndex::kAtOnce;
  void PrimariesOf(std::span<const absl::string_view> keys,
                   std::span<uint32_t> primaries) const;

  // Fills `owners` with indexes (into nodes()) of distinct nodes, primary
  // first. Walks clockwise from `slot`: first one node of each zone, then the
  // others. PARTITIONED: the owners of the table, then others. CASSANDRA: the
  // replicas of its strategy, then others. Requires 1 <= owners.size() <=
  // min(kMaxReplicas, nodes). Returns the number of slots that it walked; a
  // ring whose nodes or zones differ much in size may need millions.
  size_t OwnersFrom(size_t slot, std::span<uint32_t> owners) const;

  // Fills `owners` like OwnersFrom(SlotOf(hash), owners), but faster.
  size_t OwnersOf(KeyHash hash, std::span<uint32_t> owners) const {
    if (owners.size() == 1) {
      owners[0] = PrimaryOf(hash);
    } else if (primary_by_index_ && owners.size() <= next_width_ + 1) {
      const LineIndex::Found found = index_.Look(hash.position);
      owners[0] = found.node;
      CopyNext(found.slot, owners);
    } else {
      return OwnersFrom(SlotOf(hash), owners);
    }
    return 1;
  }

  // --- The slots, for balance, comparison and mirrors. ---
  size_t slots() const { return slot_nodes_.size() / owners_per_slot_; }
  // True if slots are ranges of the hash space: (end of the previous slot, own
  // end], wrapping. Otherwise (MODULO) they are remainders.
  bool has_arcs() const { return rule_->slot_rule != SlotRule::kModulo; }
  uint64_t SlotEnd(size_t slot) const;
  // Returns the sorted ends, one per slot. They are the positions of the
  // points, unless the layout assigns a key on a point to another point. Empty
  // in layouts without points.
  std::span<const uint64_t> positions() const { return positions_; }
  // Returns the owners of the slots, indexes into nodes(), row-major.
  // owners_per_slot() is 1 except in PARTITIONED.
  std::span<const uint32_t> slot_nodes() const { return slot_nodes_; }
  size_t owners_per_slot() const { return owners_per_slot_; }
  // Returns how much of whole() hashes to a slot. The widths sum to whole().
  absl::uint128 SlotWidth(size_t slot) const;
  absl::uint128 whole() const;

  // Returns the size of all arrays in bytes.
  size_t bytes() const;

  // Checks whether both hold the same arrays, byte for byte. True for rings of
  // the same spec and nodes, however they were made.
  bool SameArrays(const Ring& other) const;

  // Checksum of everything that placement depends on; see fingerprint.h.
  uint64_t fingerprint() const { return fingerprint_; }

 private:
  Ring(const v1::RingSpec& spec, NodeList nodes);
  // Places the slots by the layout's profile. LIMIT_REACHED, NODES_UNPLACEABLE.
  absl::Status PlaceNodes();
  uint32_t PrimaryFrom(size_t slot) const;
  // Returns how many owners after the first are precomputed for each slot.
  size_t NextWidth() const;
  // Precomputes them for all slots.
  void FillNext();
  // Derives them from those of the previous ring, if only points changed.
  void PatchNext(const Ring& before, const PointEdits& edits);
  // Precomputes those of one slot. Returns the number of slots that were
  // walked.
  size_t FillNextOf(size_t slot);
  // Copies all but the first of `owners`, at most next_width_ + 1 in all.
  void CopyNext(size_t slot, std::span<uint32_t> owners) const {
    const uint16_t* next = &next_owners_[slot * next_width_];
    for (size_t i = 1; i < owners.size(); ++i) owners[i] = next[i - 1];
  }
  // Counts placed_nodes_ and placed_zones_.
  void CountPlaced(const std::vector<bool>& placed);
  // Like OwnersFrom, by walking. Returns the number of slots walked; HASHED
  // only.
  size_t WalkFrom(size_t slot, std::span<uint32_t> owners) const;
  // Walks clockwise from entry `at` of slot_nodes_. Appends the nodes that
  // `wanted` accepts until `owners` holds `until`. Returns the number of steps.
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
  int partition_shift_ = 0;  // PARTITIONED only
  LineIndex index_;          // of positions_ and slot_nodes_
  // The owners of each slot after the first, row-major. Empty if they are not
  // precomputed; next_width_ is 0 then.
  std::vector<uint16_t> next_owners_;
  size_t next_width_ = 0;
  size_t owners_per_slot_ = 1;
  Zones zones_;  // of nodes_; empty in CASSANDRA
  // Number of nodes that own a slot, and of their zones. A walk finds no
  // others.
  size_t placed_nodes_ = 0;
  size_t placed_zones_ = 0;
  std::optional<profile::NetworkTopologyStrategy> topology_;
  uint64_t fingerprint_ = 0;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_RING_H_
