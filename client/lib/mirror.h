// Functions that apply Watch messages to a ring. Each message must lead to the
// ring whose fingerprint it names. Pure functions.
#ifndef CLOCKWISE_CLIENT_LIB_MIRROR_H_
#define CLOCKWISE_CLIENT_LIB_MIRROR_H_

#include <memory>

#include "absl/status/statusor.h"
#include "client/lib/ring_view.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise::client {

using RingViewPtr = std::shared_ptr<const RingView>;

// Returns the ring of `snapshot`. `before`, if not null, is the previous view,
// for reuse of its nodes. DATA_LOSS: the snapshot is not a valid ring, or its
// fingerprint differs.
absl::StatusOr<RingViewPtr> FromSnapshot(const v1::Snapshot& snapshot,
                                         const RingView* before);

// Returns the ring after `delta`. DATA_LOSS: the delta does not start at
// `view`, is invalid, or leads to a ring with another fingerprint.
absl::StatusOr<RingViewPtr> AfterDelta(const RingView& view,
                                       const v1::Delta& delta);

// Returns the ring after any message; for a heartbeat, `view` itself. `view` is
// null before the first message. DATA_LOSS: as above, or a heartbeat for
// another ring.
absl::StatusOr<RingViewPtr> After(const RingViewPtr& view,
                                  const v1::WatchResponse& message);

// Returns the whole ring as a server sends it, without shares and balance.
v1::Snapshot SnapshotOf(const RingView& view);

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_MIRROR_H_
