#include "client/lib/bounded_load.h"

#include <cmath>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/api/validate.h"

namespace clockwise {
namespace {

constexpr double kGreatestFactor = 1'000;
// Prevents an error in the last bit from rounding up a capacity that is a whole
// number.
constexpr double kRounding = 1e-9;

}  // namespace

absl::StatusOr<Lease> BoundedLoad::Acquire(const client::RingViewPtr& view,
                                           std::string_view key,
                                           double factor) {
  const absl::string_view bytes(key.data(), key.size());
  if (absl::Status status = ValidateKey("key", bytes); !status.ok()) {
    return status;
  }
  if (!(factor >= 1 && factor <= kGreatestFactor)) {
    return absl::InvalidArgumentError(
        absl::StrCat("factor: ", factor, " is not from 1 to 1,000"));
  }
  MutexLock lock(mu_);
  TakeRing(view);
  if (view_->size() == 0) {
    return Refusal(v1::ERROR_REASON_RING_EMPTY, "the ring has no nodes");
  }
  const Ring& ring = view_->ring();
  const size_t node = Choose(ring.SlotOf(ring.Hash(bytes)), factor);
  const std::shared_ptr<Load> load = of_node_[node];
  ++load->in_flight;
  ++in_flight_;
  Lease lease;
  lease.node_ = view_->node_ptr(node);
  lease.held_ = std::shared_ptr<void>(
      nullptr,
      [self = shared_from_this(), load](void*) { self->Release(*load); });
  return lease;
}

size_t BoundedLoad::Choose(size_t slot, double factor) const {
  const Ring& ring = view_->ring();
  const std::span<const uint32_t> nodes = ring.slot_nodes();
  const size_t first = slot * ring.owners_per_slot();
  const double per_weight =
      factor * static_cast<double>(in_flight_ + 1) / weights_;
  for (size_t i = 0; i < nodes.size(); ++i) {
    const uint32_t node = nodes[(first + i) % nodes.size()];
    const double due = per_weight * view_->node(node).weight;
    if (static_cast<double>(of_node_[node]->in_flight + 1) <=
        std::ceil(due - kRounding)) {
      return node;
    }
  }
  // Only nodes without a slot have capacity.
  return nodes[first];
}

void BoundedLoad::TakeRing(const client::RingViewPtr& view) {
  if (view_ == view) return;
  // Another thread may have set a newer ring already.
  if (view_ != nullptr && view_->incarnation() == view->incarnation() &&
      view_->epoch() > view->epoch()) {
    return;
  }
  view_ = view;
  for (const auto& load : of_node_) load->in_ring = false;
  of_node_.clear();
  in_flight_ = 0;
  weights_ = 0;
  for (size_t i = 0; i < view->size(); ++i) {
    const Node& node = view->node(i);
    std::shared_ptr<Load>& load = loads_[node.id];
    if (load == nullptr) load = std::make_shared<Load>();
    load->in_ring = true;
    of_node_.push_back(load);
    in_flight_ += load->in_flight;
    weights_ += node.weight;
  }
  absl::erase_if(loads_, [](const auto& entry) {
    return !entry.second->in_ring && entry.second->in_flight == 0;
  });
}

void BoundedLoad::Release(Load& load) {
  MutexLock lock(mu_);
  --load.in_flight;
  if (load.in_ring) --in_flight_;
}

}  // namespace clockwise
