// Functions that format a ring as tables: its nodes with their shares, and how
// keys are spread over them. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_TABLES_RING_TABLES_H_
#define CLOCKWISE_CLIENT_CLI_TABLES_RING_TABLES_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/terminal.h"
#include "clockwise/v1/placement.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace clockwise::cli {

// Returns the fair share of each node of `snapshot`, in its order: the node's
// weight / sum of weights. In a layout that ignores weights, all shares are
// equal. The sum is 1.
std::vector<double> FairShares(const v1::Snapshot& snapshot);

// Returns the id, address, zone, weight, share and fair share of each node,
// with a bar. `wide`: also the labels, and the fields that some node has.
std::string NodeTable(const v1::Snapshot& snapshot, bool wide,
                      const Terminal& terminal);

// Returns node `index` with all its fields, one per line.
std::string NodeText(const v1::Snapshot& snapshot, int index);

// Returns the ring, or its node `index`, as one line of JSON. Each node has its
// `share` and its `fairShare`. INTERNAL: the message cannot be converted.
absl::StatusOr<std::string> RingJson(const v1::Snapshot& snapshot);
absl::StatusOr<std::string> NodeJson(const v1::Snapshot& snapshot, int index);

// One node's part of the keys that were looked up.
struct Spread {
  std::string node_id;
  std::string zone;
  uint32_t weight = 0;  // 0: no longer in the ring
  uint64_t keys = 0;
  double share = 0;
  double fair_share = 0;
};

// Returns the spread of `keys_of` (keys by node id) over all nodes of
// `snapshot`, by id, followed by nodes that are no longer in it.
std::vector<Spread> SpreadOver(const v1::Snapshot& snapshot,
                               const std::map<std::string, uint64_t>& keys_of);

// Returns `spread` as a table, followed by the load of the fullest node
// relative to its fair share.
std::string SpreadTable(const std::vector<Spread>& spread,
                        const Terminal& terminal);

// Returns `spread` as one line of JSON.
std::string SpreadJson(const std::vector<Spread>& spread, uint64_t keys,
                       uint64_t epoch);

// Returns 16 hexadecimal digits, the form for incarnations and fingerprints.
std::string Hex(uint64_t number);

// Returns a time as "2026-11-30 14:00:00 UTC"; empty if it is not set.
std::string UtcText(const google::protobuf::Timestamp& time);

// Returns a caller: "ACTOR", or "ACTOR (as NAME)" if it stated a name.
std::string ActorText(absl::string_view actor, absl::string_view stated_actor);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_TABLES_RING_TABLES_H_
