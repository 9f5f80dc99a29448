// A migration from a ring to one in another layout: what it would make, and
// what would move. Pure functions, but for the keys that they read.
#ifndef CLOCKWISE_CLIENT_CLI_COMMANDS_MIGRATION_H_
#define CLOCKWISE_CLIENT_CLI_COMMANDS_MIGRATION_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "client/cli/terminal.h"
#include "clockwise/v1/placement.pb.h"
#include "service/ring/ring.h"

namespace clockwise::cli {

struct Migration {
  std::shared_ptr<const Ring> before;
  std::shared_ptr<const Ring> after;  // as the server would make it
  bool alike = false;                 // both hash keys the same way
  v1::ApplyChangesRequest changes;    // that put the nodes on the new ring
  v1::CompareEpochsResponse report;   // to_epoch is 0
};

// From the ring of `snapshot` to one of `spec`, which has the same nodes with
// the same weights, zones and labels; what another system hashed of them is
// left behind. Bad usage: the new ring cannot be.
absl::StatusOr<Migration> PlanMigration(const v1::Snapshot& snapshot,
                                        const v1::RingSpec& spec);

// Keys counted one by one.
struct KeyMoves {
  uint64_t keys = 0;
  uint64_t moved = 0;  // get another primary
  std::map<std::pair<std::string, std::string>, uint64_t> from_to;
};

// Of the keys of `source` (key_sample.h).
absl::StatusOr<KeyMoves> CountKeys(const Migration& migration,
                                   const std::string& source);

// From whom to whom, most keys first, as a table of few rows.
std::string TransferCounts(const KeyMoves& moves, const Terminal& terminal);

// {"keys", "moved", "transfers": [{"from", "to", "keys"}…]} and a line's end.
std::string KeyMovesJson(const KeyMoves& moves);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_COMMANDS_MIGRATION_H_
