// OwnerBytes holds the nodes of a ring as replies contain them: each as a
// serialized v1.Owner with its length in front. Immutable.
#ifndef CLOCKWISE_SERVICE_MEMBERSHIP_OWNER_BYTES_H_
#define CLOCKWISE_SERVICE_MEMBERSHIP_OWNER_BYTES_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "service/ring/node_list.h"

namespace clockwise {

class OwnerBytes {
 public:
  explicit OwnerBytes(const NodeList& nodes);

  // Returns the bytes that follow the tag of a field that contains `node`.
  absl::string_view operator[](size_t node) const {
    return {bytes_.data() + starts_[node], starts_[node + 1] - starts_[node]};
  }

 private:
  std::string bytes_;
  std::vector<size_t> starts_;  // by node, and the end
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_MEMBERSHIP_OWNER_BYTES_H_
