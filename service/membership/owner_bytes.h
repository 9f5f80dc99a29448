// OwnerBytes are the nodes of a ring as answers name them: v1.Owner as
// protobuf, with its length before it. Immutable.
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

  // What stands in an answer behind the tag of a field that names `node`.
  absl::string_view operator[](size_t node) const {
    return {bytes_.data() + starts_[node], starts_[node + 1] - starts_[node]};
  }

 private:
  std::string bytes_;
  std::vector<size_t> starts_;  // by node, and the end
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_MEMBERSHIP_OWNER_BYTES_H_
