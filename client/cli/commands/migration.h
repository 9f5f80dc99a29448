// Functions that plan a migration from a ring to another layout: the new ring,
// and what would move. Pure functions, except that they read keys.
#ifndef CLOCKWISE_CLIENT_CLI_COMMANDS_MIGRATION_H_
#define CLOCKWISE_CLIENT_CLI_COMMANDS_MIGRATION_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/terminal.h"
#include "clockwise/v1/placement.pb.h"
#include "service/ring/ring.h"

namespace clockwise::cli {

struct Migration {
  std::shared_ptr<const Ring> before;
  std::shared_ptr<const Ring> after;  // the ring a server would build
  bool alike = false;                 // true if both hash keys the same way
  std::vector<v1::Node> nodes;        // of the new ring, in this order
  v1::CompareEpochsResponse report;   // to_epoch is 0
};

// Plans a migration from the ring of `snapshot` to a ring of `spec`. The new
// ring has the same nodes with the same weights, zones and labels, but not the
// positions and texts that another system hashed. Bad usage: the new ring is
// not possible.
absl::StatusOr<Migration> PlanMigration(const v1::Snapshot& snapshot,
                                        const v1::RingSpec& spec);

// Counts of individual keys.
struct KeyMoves {
  uint64_t keys = 0;
  uint64_t moved = 0;  // keys that get another primary
  std::map<std::pair<std::string, std::string>, uint64_t> from_to;
};

// Counts the keys of `source` (key_sample.h).
absl::StatusOr<KeyMoves> CountKeys(const Migration& migration,
                                   const std::string& source);

// Returns the pairs of old and new node, most keys first, as a short table.
std::string TransferCounts(const KeyMoves& moves, const Terminal& terminal);

// Returns {"keys", "moved", "transfers": [{"from", "to", "keys"}…]} and a
// newline.
std::string KeyMovesJson(const KeyMoves& moves);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_COMMANDS_MIGRATION_H_
