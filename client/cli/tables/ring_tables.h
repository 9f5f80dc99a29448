// A ring as tables: its nodes with their shares, and how keys spread over them.
// Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_TABLES_RING_TABLES_H_
#define CLOCKWISE_CLIENT_CLI_TABLES_RING_TABLES_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "client/cli/terminal.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise::cli {

// What is due to each node of `snapshot`, in its order: its weight's part of
// all weights, or equal parts in a layout that ignores weights. Sum 1.
std::vector<double> FairShares(const v1::Snapshot& snapshot);

// Id, address, zone, weight, share and fair share of each node, with a bar.
std::string NodeTable(const v1::Snapshot& snapshot, const Terminal& terminal);

// One node's part of keys that were located.
struct Spread {
  std::string node_id;
  std::string zone;
  uint32_t weight = 0;  // 0: no longer in the ring
  uint64_t keys = 0;
  double share = 0;
  double fair_share = 0;
};

// `keys_of` (keys by node id) over all nodes of `snapshot`, by id, and over
// those that are no longer there.
std::vector<Spread> SpreadOver(const v1::Snapshot& snapshot,
                               const std::map<std::string, uint64_t>& keys_of);

// `spread` as a table, and below it how far the fullest node is from its due.
std::string SpreadTable(const std::vector<Spread>& spread,
                        const Terminal& terminal);

// `spread` as one line of JSON.
std::string SpreadJson(const std::vector<Spread>& spread, uint64_t keys,
                       uint64_t epoch);

// 16 hexadecimal digits, as incarnations and fingerprints are shown.
std::string Hex(uint64_t number);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_TABLES_RING_TABLES_H_
