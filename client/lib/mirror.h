// Follows a ring by the messages of Watch, and believes none of them: each has
// to give the ring whose fingerprint it names. Pure functions.
#ifndef CLOCKWISE_CLIENT_LIB_MIRROR_H_
#define CLOCKWISE_CLIENT_LIB_MIRROR_H_

#include <memory>

#include "absl/status/statusor.h"
#include "client/lib/ring_view.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise::client {

using RingViewPtr = std::shared_ptr<const RingView>;

// The ring of `snapshot`. DATA_LOSS: it is none, or another one than it says.
absl::StatusOr<RingViewPtr> FromSnapshot(const v1::Snapshot& snapshot,
                                         const RingView* before);

// The ring after `delta`. DATA_LOSS: it does not start at `view`, makes no
// sense, or leads to another ring than it says.
absl::StatusOr<RingViewPtr> AfterDelta(const RingView& view,
                                       const v1::Delta& delta);

// The ring after any message: for a heartbeat, `view` itself. `view` is null
// before the first. DATA_LOSS as above.
absl::StatusOr<RingViewPtr> After(const RingViewPtr& view,
                                  const v1::WatchResponse& message);

// The whole ring, as a server would tell it but for the figures of balance.
v1::Snapshot SnapshotOf(const RingView& view);

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_MIRROR_H_
