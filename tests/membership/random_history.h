// A random history of changes, with the bytes of the ring at each epoch.
#ifndef CLOCKWISE_TESTS_MEMBERSHIP_RANDOM_HISTORY_H_
#define CLOCKWISE_TESTS_MEMBERSHIP_RANDOM_HISTORY_H_

#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "service/ring/node_list.h"
#include "tests/support/membership_fixture.h"

namespace clockwise {

// Returns random valid changes of `nodes`: adds, updates and removes. There are
// few names, so that removed nodes return.
inline ChangeRequest RandomChange(std::mt19937_64& random,
                                  const NodeList& nodes) {
  std::vector<ChangeRequest> changes;
  std::set<std::string> touched;
  const uint64_t count = 1 + random() % 3;
  for (uint64_t i = 0; i < count; ++i) {
    v1::Node node = RequestNode("n" + std::to_string(random() % 12),
                                static_cast<uint32_t>(1 + random() % 3),
                                "zone-" + std::to_string(random() % 3));
    node.set_address("10.0.0." + std::to_string(random() % 4));
    (*node.mutable_labels())["rack"] = std::to_string(random() % 3);
    if (!touched.insert(node.id()).second) continue;
    if (FindNode(nodes, node.id()) == nullptr) {
      changes.push_back(Add(node));
    } else if (random() % 2 == 0) {
      changes.push_back(Remove(node.id()));
    } else if (random() % 3 == 0) {
      changes.push_back(Update(node, {"address", "labels"}));
    } else {
      changes.push_back(Update(node));
    }
  }
  return changes.size() == 1 ? changes[0] : Many(changes);
}

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_MEMBERSHIP_RANDOM_HISTORY_H_
