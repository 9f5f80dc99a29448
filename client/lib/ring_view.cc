#include "client/lib/ring_view.h"

#include <span>
#include <utility>

#include "client/lib/node_conversion.h"
#include "service/api/validate.h"
#include "service/limits.h"

namespace clockwise::client {
RingView::RingView(std::shared_ptr<const Ring> ring, uint64_t epoch,
                   uint64_t incarnation, const RingView* before)
    : ring_(std::move(ring)), epoch_(epoch), incarnation_(incarnation) {
  const NodeList& nodes = ring_->nodes();
  nodes_.reserve(nodes.size());
  size_t at = 0;  // index into the old nodes, which have the same order
  for (const NodePtr& node : nodes) {
    std::shared_ptr<const Node> same;
    if (before != nullptr) {
      const NodeList& old = before->ring().nodes();
      while (at < old.size() && old[at]->id() < node->id()) ++at;
      if (at < old.size() && old[at] == node) same = before->nodes_[at];
    }
    nodes_.push_back(same != nullptr ? std::move(same) : FromProto(*node));
  }
}

absl::StatusOr<size_t> RingView::Locate(std::string_view key, uint32_t replicas,
                                        uint32_t* owners) const {
  if (key.size() > limits::kMaxKeyBytes || replicas > limits::kMaxReplicas) {
    absl::Status status = ValidateKey("key", {key.data(), key.size()});
    status.Update(ValidateReplicas(replicas));
    return status;
  }
  if (nodes_.empty()) return 0;
  const size_t count = ring_->OwnersPerKey(replicas);
  ring_->OwnersOf(ring_->Hash({key.data(), key.size()}),
                  std::span<uint32_t>(owners, count));
  return count;
}

}  // namespace clockwise::client
