// RingView is the View of one ring, for users of the library. Immutable.
#ifndef CLOCKWISE_CLIENT_LIB_RING_VIEW_H_
#define CLOCKWISE_CLIENT_LIB_RING_VIEW_H_

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "clockwise/client.h"
#include "service/ring/ring.h"

namespace clockwise::client {

class RingView final : public View {
 public:
  // `before`, if not null, is the previous view. Nodes that have not changed
  // are shared with it instead of copied.
  RingView(std::shared_ptr<const Ring> ring, uint64_t epoch,
           uint64_t incarnation, const RingView* before);

  uint64_t epoch() const override { return epoch_; }
  uint64_t incarnation() const override { return incarnation_; }
  uint64_t fingerprint() const override { return ring_->fingerprint(); }
  size_t size() const override { return nodes_.size(); }
  const Node& node(size_t index) const override { return *nodes_[index]; }
  uint64_t Hash(std::string_view key) const override {
    return ring_->Hash({key.data(), key.size()}).position;
  }
  absl::StatusOr<size_t> Locate(std::string_view key, uint32_t replicas,
                                uint32_t* owners) const override;

  const Ring& ring() const { return *ring_; }
  const std::shared_ptr<const Node>& node_ptr(size_t index) const {
    return nodes_[index];
  }

 private:
  const std::shared_ptr<const Ring> ring_;
  const uint64_t epoch_;
  const uint64_t incarnation_;
  std::vector<std::shared_ptr<const Node>> nodes_;  // in the ring's order
};

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_RING_VIEW_H_
