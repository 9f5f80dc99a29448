// Converts nodes between the library's Node and the message v1::Node.
// Stateless.
#ifndef CLOCKWISE_CLIENT_LIB_NODE_CONVERSION_H_
#define CLOCKWISE_CLIENT_LIB_NODE_CONVERSION_H_

#include <memory>

#include "clockwise/client.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise::client {

// Returns the node of a ring. `hash_key` is empty if it is the node's id.
std::shared_ptr<const Node> FromProto(const v1::Node& node);

// Returns the node to add.
v1::Node ToProto(const Node& node);

// Returns the update that replaces all fields of a node but its hash_key.
v1::NodeUpdate ToUpdate(const Node& node);

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_NODE_CONVERSION_H_
