// SearchNotes remembers what a search for chains has visited, apart from the
// nodes: the places of rows, and the nodes that it can still visit, by zone.
// Thread-compatible.
//
// Notes of earlier searches stay, with the number of their search. So the start
// of a search does not clear anything.
#ifndef CLOCKWISE_SERVICE_RING_ASSIGN_SEARCH_NOTES_H_
#define CLOCKWISE_SERVICE_RING_ASSIGN_SEARCH_NOTES_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "service/ring/assign/class_lists.h"

namespace clockwise {

class SearchNotes {
 public:
  // `by_zone` has all nodes. It must outlive this object.
  SearchNotes(const ClassLists& by_zone, size_t places)
      : by_zone_(by_zone), count_(places) {}

  void Begin() {
    ++search_;
    if (places_.empty()) places_.resize(count_);
  }

  // Returns the nodes that no path of `cost` has reached yet, and maybe others.
  // A visitor removes nodes that are reached at most at that cost.
  ClassLists& Candidates(int cost) {
    Unreached& unreached = unreached_[cost];
    if (unreached.search != search_) {
      unreached.search = search_;
      unreached.lists = by_zone_;
    }
    return unreached.lists;
  }

  // Records that a path of `cost` leads to `place`, whose last step frees
  // `slot`. Returns false if an earlier path was at most as dear.
  bool Enter(size_t place, int cost, uint32_t slot) {
    Entered& entered = places_[place];
    if (entered.search == search_ && entered.cost <= cost) return false;
    entered = {cost, slot, search_};
    return true;
  }
  uint32_t SlotAt(size_t place) const { return places_[place].slot; }

 private:
  struct Entered {
    int cost = 0;
    uint32_t slot = 0;
    uint32_t search = 0;
  };
  struct Unreached {
    uint32_t search = 0;
    ClassLists lists;
  };

  const ClassLists& by_zone_;
  const size_t count_;
  std::vector<Entered> places_;         // empty until the first search
  std::map<int, Unreached> unreached_;  // by cost
  uint32_t search_ = 0;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_ASSIGN_SEARCH_NOTES_H_
