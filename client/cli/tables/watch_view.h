// WatchView describes the messages of a watch for people. Thread-compatible.
#ifndef CLOCKWISE_CLIENT_CLI_TABLES_WATCH_VIEW_H_
#define CLOCKWISE_CLIENT_CLI_TABLES_WATCH_VIEW_H_

#include <cstdint>
#include <map>
#include <string>

#include "client/cli/terminal.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise::cli {

class WatchView {
 public:
  explicit WatchView(const Terminal& terminal) : terminal_(terminal) {}

  // Applies the message and returns one line without a newline; empty for a
  // heartbeat.
  std::string Describe(const v1::WatchResponse& message);

  // Epoch and incarnation to resume from; 0 before the first message.
  uint64_t epoch() const { return epoch_; }
  uint64_t incarnation() const { return incarnation_; }

 private:
  using Nodes = std::map<std::string, v1::Node>;

  std::string DescribeSnapshot(const v1::Snapshot& snapshot);
  std::string DescribeDelta(const v1::Delta& delta);

  // Returns "added n6, changed n3 (weight 1 → 2), removed n2".
  std::string DescribeNodes(const Nodes& before, const Nodes& after) const;

  const Terminal terminal_;
  uint64_t epoch_ = 0;
  uint64_t incarnation_ = 0;
  Nodes nodes_;  // bounded by the maximum number of nodes of a ring
};

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_TABLES_WATCH_VIEW_H_
