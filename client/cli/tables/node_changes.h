// Functions that describe how nodes change, for `watch` and `ring history`.
// Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_TABLES_NODE_CHANGES_H_
#define CLOCKWISE_CLIENT_CLI_TABLES_NODE_CHANGES_H_

#include <string>
#include <vector>

#include "client/cli/terminal.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise::cli {

// Returns `parts` in one line: the first few, and the number of the others.
std::string JoinSome(std::vector<std::string> parts);

// Returns "added n1 (10.0.0.1:80, zone a, weight 2)".
std::string DescribeAdded(const v1::Node& node);

// Returns "changed n1 (weight 1 → 2, zone a → none)"; "" if nothing differs.
std::string DescribeUpdate(const v1::Node& before, const v1::Node& after,
                           const Terminal& terminal);

// Returns what a change of the history did to the nodes, such as "added n1;
// changed n2 (weight 1 → 2); removed n3". A server of an older version does not
// return the nodes before the change; then updates have no values.
std::string DescribeChange(const v1::Change& change, const Terminal& terminal);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_TABLES_NODE_CHANGES_H_
