#include "service/ring/point_edits.h"

#include <tuple>

#include "service/limits.h"
#include "service/ring/layout_settings.h"
#include "service/ring/members.h"
#include "service/ring/ring.h"

namespace clockwise {
namespace {

// If more than one slot in so many changes, building from scratch is cheaper.
constexpr uint64_t kSlotsPerEdit = 8;

// A node whose points differ between the lists, or that is in one list only.
struct ChangedNode {
  const v1::Node* before = nullptr;
  const v1::Node* after = nullptr;
  uint32_t index_before = 0;
  uint32_t index_after = 0;
};

bool SamePoints(const v1::Node& a, const v1::Node& b) {
  return a.hash_key() == b.hash_key() && a.weight() == b.weight();
}
// Merges the two lists, which are sorted by ID. Most nodes are the same object
// in both, so comparing pointers settles them without reading the node.

std::vector<ChangedNode> ChangedNodes(const NodeList& before,
                                      const NodeList& after) {
  std::vector<ChangedNode> changed;
  uint32_t i = 0;
  uint32_t j = 0;
  while (i < before.size() || j < after.size()) {
    const v1::Node* old = i < before.size() ? before[i].get() : nullptr;
    const v1::Node* now = j < after.size() ? after[j].get() : nullptr;
    if (old != now && old != nullptr && now != nullptr) {
      const int order = old->id().compare(now->id());
      if (order < 0) now = nullptr;
      if (order > 0) old = nullptr;
    }
    const bool both = old != nullptr && now != nullptr;
    if (!both || (old != now && !SamePoints(*old, *now))) {
      changed.push_back({old, now, i, j});
    }
    i += old != nullptr ? 1 : 0;
    j += now != nullptr ? 1 : 0;
  }
  return changed;
}

// Appends an edit for each point of the node from point `first` on. A greater
// weight only adds points, so the points before `first` stay.
void AppendPoints(const v1::RingSpec& spec, const v1::Node& node,
                  uint64_t first, PointEdit edit,
                  std::vector<PointEdit>& edits) {
  profile::Member member;
  member.text = node.hash_key();
  member.weight = node.weight();
  const LayoutRule& rule = *FindLayout(spec.layout());
  std::vector<profile::Point> points;
  rule.ring_profile->append_points({&member, 1}, SettingsOf(*rule.traits, spec),
                                   points);
  for (size_t i = first; i < points.size(); ++i) {
    edit.position = points[i].position;
    edits.push_back(edit);
  }
}

uint64_t PointsOf(const v1::RingSpec& spec, const v1::Node* node) {
  return node == nullptr ? 0
                         : uint64_t{spec.virtual_node_count()} * node->weight();
}

// Returns how many points of a changed node are the same in both lists.
uint64_t KeptPoints(const v1::RingSpec& spec, const ChangedNode& node) {
  if (node.before == nullptr || node.after == nullptr ||
      node.before->hash_key() != node.after->hash_key()) {
    return 0;
  }
  return std::min(PointsOf(spec, node.before), PointsOf(spec, node.after));
}

// Checks whether Ring::Build accepts the changed nodes. If not, Build reports
// the error.
bool Placeable(const v1::RingSpec& spec,
               const std::vector<ChangedNode>& changed) {
  return std::all_of(changed.begin(), changed.end(), [&](const auto& node) {
    return node.after == nullptr || CheckNode(spec, *node.after).ok();
  });
}

}  // namespace
// A node's index shifts by the nodes that were added or removed before it. So
// the map is a staircase, and few nodes change at once: a few steps describe
// it. A step is stored only where the shift changes.

Renumbering::Renumbering(std::vector<uint32_t> after)
    : after_(std::move(after)) {
  uint32_t shift = 0;
  for (uint32_t i = 0; i < after_.size(); ++i) {
    if (after_[i] == kGone || after_[i] - i == shift) continue;
    steps_.push_back({i, after_[i] - i - shift});
    shift = after_[i] - i;
  }
  std::reverse(steps_.begin(), steps_.end());
}

std::optional<PointEdits> PointEdits::Between(const Ring& before,
                                              const NodeList& nodes) {
  const v1::RingSpec& spec = before.spec();
  if (spec.layout() != v1::LAYOUT_HASHED || nodes.empty() ||
      nodes.size() > limits::kMaxNodes) {
    return std::nullopt;
  }
  // Phase 1: count the edits before any point is computed. The spec and the
  // other nodes are unchanged, so only points of changed nodes differ. Gives up
  // if the ring should be built from scratch.
  const std::vector<ChangedNode> changed = ChangedNodes(before.nodes(), nodes);
  uint64_t removed = 0;
  uint64_t added = 0;
  for (const ChangedNode& node : changed) {
    const uint64_t kept = KeptPoints(spec, node);
    removed += PointsOf(spec, node.before) - kept;
    added += PointsOf(spec, node.after) - kept;
  }
  const uint64_t slots = before.slots();
  if ((removed + added) * kSlotsPerEdit > slots ||
      slots + added - removed > limits::kMaxPoints ||
      slots + added == removed || !Placeable(spec, changed)) {
    return std::nullopt;
  }
  // Phase 2: compute the changed points. A node with the same hash_key and
  // another weight keeps the first `kept` points and gains or loses the rest. A
  // node with another hash_key loses all its points and gains new ones.
  PointEdits edits((Renumbering(IndexesAfter(before.nodes(), nodes))));
  edits.growth_ = static_cast<ptrdiff_t>(added - removed);
  edits.edits_.reserve(removed + added);
  for (const ChangedNode& node : changed) {
    const uint64_t kept = KeptPoints(spec, node);
    if (node.before != nullptr) {
      AppendPoints(spec, *node.before, kept, {0, false, 0, node.index_before},
                   edits.edits_);
    }
    if (node.after != nullptr) {
      AppendPoints(spec, *node.after, kept, {0, true, 0, node.index_after},
                   edits.edits_);
    }
  }
  edits.Sort(before);
  return edits;
}

// Phase 3: find the slot of each edit in the previous ring, then sort. Merge
// applies the edits in this order, and must place each point where a full sort
// would. That is by position, then by node number. A node never has two points
// at one position, because SplitMix64 is a bijection.
void PointEdits::Sort(const Ring& before) {
  const auto ends = before.positions();
  for (PointEdit& edit : edits_) {
    size_t slot = before.SlotOf({edit.position, 0});
    if (slot == 0 && edit.position > ends.back()) slot = ends.size();
    // Among points at one position, an added point precedes the first node with
    // a greater new number. A removed point is that of its own node.
    for (; slot < ends.size() && ends[slot] == edit.position; ++slot) {
      const uint32_t node = before.slot_nodes()[slot];
      if (edit.added
              ? renumbering_.Stays(node) && renumbering_(node) > edit.node
              : node == edit.node) {
        break;
      }
    }
    edit.slot = slot;
  }
  // At the same slot, added points come before the removed one, because they
  // are inserted before that slot.
  std::sort(edits_.begin(), edits_.end(),
            [](const PointEdit& a, const PointEdit& b) {
              return std::tuple(a.slot, !a.added, a.position, a.node) <
                     std::tuple(b.slot, !b.added, b.position, b.node);
            });
}

}  // namespace clockwise
