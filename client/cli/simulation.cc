#include "client/cli/simulation.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <span>
#include <utility>

#include "absl/strings/str_format.h"
#include "service/api/validate.h"
#include "service/limits.h"
#include "service/ring/balance.h"
#include "service/ring/compare.h"
#include "service/ring/layout_settings.h"
#include "service/ring/next_ring.h"

namespace clockwise::cli {
namespace {

NodePtr NumberedNode(uint32_t number) {
  v1::Node node;
  // All ids have the same number of digits, so they sort like numbers.
  node.set_id(absl::StrFormat("node-%05u", number));
  auto normal = NormalizeNode(node);
  assert(normal.ok() && "such an id is valid");
  return std::make_shared<const v1::Node>(*std::move(normal));
}

// KeyCounter counts the owners of keys in both rings of a pair.
class KeyCounter {
 public:
  explicit KeyCounter(const RingPair& rings)
      : rings_(rings),
        indexes_after_(
            IndexesAfter(rings.before->nodes(), rings.after->nodes())),
        before_(before_buffer_.data(), rings.before->OwnersPerKey(0)),
        after_(after_buffer_.data(), rings.after->OwnersPerKey(0)),
        keys_of_(rings.after->nodes().size()) {}

  void Count(KeyHash hash) {
    rings_.before->OwnersFrom(rings_.before->SlotOf(hash), before_);
    rings_.after->OwnersFrom(rings_.after->SlotOf(hash), after_);
    for (const uint32_t is : after_) {
      ++keys_of_[is];
      moved_ += std::none_of(before_.begin(), before_.end(), [&](uint32_t was) {
        return indexes_after_[was] == is;
      });
    }
    ++keys_;
  }

  KeyFigures Finish() const {
    KeyFigures figures;
    figures.keys = keys_;
    if (keys_ == 0) return figures;
    const double owned = static_cast<double>(keys_ * after_.size());
    // All nodes have the same weight, so the mean is the fair share of each.
    figures.peak_to_mean = static_cast<double>(*std::max_element(
                               keys_of_.begin(), keys_of_.end())) *
                           static_cast<double>(keys_of_.size()) / owned;
    figures.moved_ratio = static_cast<double>(moved_) / owned;
    return figures;
  }

 private:
  using Buffer = std::array<uint32_t, limits::kMaxReplicas>;

  const RingPair& rings_;
  const std::vector<uint32_t> indexes_after_;
  Buffer before_buffer_ = {};
  Buffer after_buffer_ = {};
  const std::span<uint32_t> before_;
  const std::span<uint32_t> after_;
  std::vector<uint64_t> keys_of_;  // by node, after the change
  uint64_t moved_ = 0;
  uint64_t keys_ = 0;
};

}  // namespace

NodesAround NumberedNodes(uint32_t nodes, uint32_t added, uint32_t removed) {
  assert(removed <= nodes && nodes + added <= limits::kMaxSimulatedNodes);
  NodesAround around;
  for (uint32_t number = 1; number <= nodes + added; ++number) {
    const NodePtr node = NumberedNode(number);
    if (number <= nodes) around.before.push_back(node);
    if (number > removed) around.after.push_back(node);
  }
  return around;
}

absl::StatusOr<RingPair> BuildRings(const v1::RingSpec& spec,
                                    const NodesAround& nodes) {
  const auto normal = NormalizeSpec(spec);
  if (!normal.ok()) return normal.status();
  auto before = FirstRing(*normal, nodes.before);
  if (!before.ok()) return before.status();
  auto after = NextRing(**before, nodes.after);
  if (!after.ok()) return after.status();
  return RingPair{*std::move(before), *std::move(after)};
}

Figures FiguresOf(const RingPair& rings, const KeySample& keys) {
  const Ring& before = *rings.before;
  const Ring& after = *rings.after;
  const Ownership owned_before = Measure(before);
  const Ownership owned_after = Measure(after);
  const Comparison comparison =
      Compare(before, owned_before, after, owned_after, /*max_moves=*/0);
  Figures figures;
  figures.spec = after.spec();
  figures.nodes_before = before.nodes().size();
  figures.nodes_after = after.nodes().size();
  figures.balance_before = BalanceOf(before, owned_before);
  figures.balance_after = BalanceOf(after, owned_after);
  figures.primary_balance_before = PrimaryBalanceOf(before, owned_before);
  figures.primary_balance_after = PrimaryBalanceOf(after, owned_after);
  figures.moved_ratio = comparison.moved_ratio;
  figures.minimum_moved_ratio = comparison.minimum_moved_ratio;
  figures.loads = Shares(owned_after);
  for (double& load : figures.loads) {
    load *= static_cast<double>(figures.nodes_after);
  }
  KeyCounter counter(rings);
  for (const KeyHash hash : keys.HashesIn(after.spec().layout())) {
    counter.Count(hash);
  }
  figures.keys = counter.Finish();
  return figures;
}

absl::StatusOr<NodeList> JoinedNodes(std::span<const v1::Node> nodes) {
  NodeChanges joined;
  uint64_t ordinal = 0;
  for (const v1::Node& asked : nodes) {
    auto node = NormalizeNode(asked);
    if (!node.ok()) return node.status();
    node->set_ordinal(++ordinal);
    joined[asked.id()] = std::make_shared<const v1::Node>(*std::move(node));
  }
  return WithChanges({}, joined);
}

}  // namespace clockwise::cli
