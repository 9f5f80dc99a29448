#include "service/membership/owner_bytes.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/delimited_message_util.h>

#include "clockwise/v1/placement.pb.h"

namespace clockwise {

OwnerBytes::OwnerBytes(const NodeList& nodes) {
  starts_.reserve(nodes.size() + 1);
  google::protobuf::io::StringOutputStream stream(&bytes_);
  google::protobuf::io::CodedOutputStream out(&stream);
  v1::Owner owner;
  for (const NodePtr& node : nodes) {
    starts_.push_back(static_cast<size_t>(out.ByteCount()));
    owner.set_node_id(node->id());
    owner.set_address(node->address());
    owner.set_zone(node->zone());
    google::protobuf::util::SerializeDelimitedToCodedStream(owner, &out);
  }
  starts_.push_back(static_cast<size_t>(out.ByteCount()));
}

}  // namespace clockwise
