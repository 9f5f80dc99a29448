// RingState is the newest state of one ring: the ring, its figures and its
// history. Immutable except for its counters, which are atomic and shared by
// the states of one ring.
#ifndef CLOCKWISE_SERVICE_MEMBERSHIP_RING_STATE_H_
#define CLOCKWISE_SERVICE_MEMBERSHIP_RING_STATE_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clockwise/stored/v1/stored.pb.h"
#include "clockwise/v1/placement.pb.h"
#include "service/membership/node_counts.h"
#include "service/membership/owner_bytes.h"
#include "service/ring/balance.h"
#include "service/ring/ring.h"
#include "service/store/store.h"

namespace clockwise {

// A ring with the figures that are computed from it.
struct MeasuredRing {
  explicit MeasuredRing(std::shared_ptr<const Ring> built);

  std::shared_ptr<const Ring> ring;
  Ownership ownership;
  v1::Balance balance;
  double expected_peak;  // of `balance`; see ring/balance.h
  v1::Balance primary_balance;
  uint32_t zone_shortfall;
};

// The kinds of accepted changes. kMixed is more than one of add, update,
// remove.
enum class ChangeKind {
  kAdd,
  kUpdate,
  kRemove,
  kMixed,
  kEndMigration,
  kUndelete
};
inline constexpr std::array<const char*, 6> kChangeKindNames = {
    "add", "update", "remove", "mixed", "end_migration", "undelete"};

// Counters of one ring. They start at 0 when this process first loads it.
struct RingCounters {
  std::array<std::atomic<uint64_t>, kChangeKindNames.size()> changes = {};
  std::atomic<double> moved_ratio = 0;
  // A look-up walked many slots, so look-ups of several owners may take long.
  std::atomic<bool> long_walks = false;
};

struct RingState {
  RingState(std::shared_ptr<const Ring> built, uint64_t incarnation,
            uint64_t epoch);

  const std::string& name() const { return ring().spec().name(); }
  const Ring& ring() const { return *measured.ring; }
  RingHead head() const;

  MeasuredRing measured;
  uint64_t incarnation;
  uint64_t epoch;
  // Oldest first, without gaps. The last record has epoch `epoch`. The list is
  // bounded, so it has fewer than epoch - 1 records once old ones were dropped.
  std::vector<std::shared_ptr<const stored::v1::ChangeRecord>> history;
  size_t history_bytes = 0;  // size of these records as stored

  std::shared_ptr<RingCounters> counters;
  NodeCounts locates;  // by node: keys located with it as primary
  const OwnerBytes owner_bytes;

  // Continues the counters of the state before. Null: starts at 0.
  void InheritCounters(const RingState* before);
  // Adds the newest record to the history.
  void Remember(std::shared_ptr<const stored::v1::ChangeRecord> record);
  // Drops the oldest records until at most `most_changes` records of
  // `most_bytes` bytes in total are left. The newest record always stays.
  void TrimHistory(size_t most_changes, size_t most_bytes);
};

// True if the history reaches back to `epoch` (1 <= epoch <= state.epoch).
bool KeepsEpoch(const RingState& state, uint64_t epoch);

// Returns the ring at `epoch` (0: the newest). EPOCH_OUT_OF_HISTORY names
// `field`.
absl::StatusOr<MeasuredRing> RingAt(const RingState& state, uint64_t epoch,
                                    absl::string_view field);

// Returns the change from `from_epoch`, which the history must keep, to the
// newest epoch.
absl::StatusOr<v1::Delta> DeltaSince(const RingState& state,
                                     uint64_t from_epoch, bool include_moves);

// Returns the whole ring at `epoch`. `measured` is the ring at that epoch.
v1::Snapshot SnapshotOf(const RingState& state, const MeasuredRing& measured,
                        uint64_t epoch, bool include_points);

v1::RingInfo InfoOf(const RingState& state);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_MEMBERSHIP_RING_STATE_H_
