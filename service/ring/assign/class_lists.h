// ClassLists holds lists of nodes, one per class: the nodes that a search may
// still visit, by zone or by group. Thread-compatible.
//
// Copying is cheap: a few arrays, however many classes there are. Each search
// starts from a copy and removes what it has visited.
#ifndef CLOCKWISE_SERVICE_RING_ASSIGN_CLASS_LISTS_H_
#define CLOCKWISE_SERVICE_RING_ASSIGN_CLASS_LISTS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace clockwise {

class ClassLists {
 public:
  // A class, and a node in it.
  using Member = std::pair<uint32_t, uint32_t>;
  static constexpr size_t kNone = ~size_t{0};

  ClassLists() = default;
  // Requires `members` to be sorted by class. A list keeps their order.
  explicit ClassLists(std::span<const Member> members);

  // Returns the number of the list of `of_class`, or kNone.
  size_t Find(uint32_t of_class) const;
  uint32_t ClassOf(size_t list) const { return classes_[list]; }
  std::span<const uint32_t> Nodes(size_t list) const {
    return std::span(nodes_).subspan(first_[list], sizes_[list]);
  }
  // Removes the node at `index` of a list. The last node takes its place.
  void Remove(size_t list, size_t index) {
    nodes_[first_[list] + index] = nodes_[first_[list] + --sizes_[list]];
  }

  // The lists that are not known to be empty, in arbitrary order.
  std::span<const uint32_t> open() const { return open_; }
  // Removes the list at `index` of open(). The last one takes its place.
  void Close(size_t index) {
    open_[index] = open_.back();
    open_.pop_back();
  }

 private:
  std::vector<uint32_t> classes_;  // by list, ascending
  std::vector<uint32_t> first_;    // by list: index in nodes_
  std::vector<uint32_t> sizes_;    // by list
  std::vector<uint32_t> nodes_;
  std::vector<uint32_t> open_;
};

inline ClassLists::ClassLists(std::span<const Member> members) {
  for (const auto& [of_class, node] : members) {
    if (classes_.empty() || classes_.back() != of_class) {
      classes_.push_back(of_class);
      first_.push_back(static_cast<uint32_t>(nodes_.size()));
      sizes_.push_back(0);
    }
    nodes_.push_back(node);
    ++sizes_.back();
  }
  open_.resize(classes_.size());
  std::iota(open_.begin(), open_.end(), 0u);
}

// If all classes have lists, the number of the list is that of the class.
inline size_t ClassLists::Find(uint32_t of_class) const {
  if (of_class < classes_.size() && classes_[of_class] == of_class) {
    return of_class;
  }
  const auto found =
      std::lower_bound(classes_.begin(), classes_.end(), of_class);
  if (found == classes_.end() || *found != of_class) return kNone;
  return static_cast<size_t>(found - classes_.begin());
}

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_ASSIGN_CLASS_LISTS_H_
