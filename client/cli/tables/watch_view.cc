#include "client/cli/tables/watch_view.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/tables/moves_report.h"
#include "client/cli/tables/node_changes.h"
#include "client/cli/tables/ring_tables.h"
#include "client/cli/text.h"
#include "service/ring/layout.h"

namespace clockwise::cli {

std::string WatchView::Describe(const v1::WatchResponse& message) {
  switch (message.event_case()) {
    case v1::WatchResponse::kSnapshot:
      return Printable(DescribeSnapshot(message.snapshot()));
    case v1::WatchResponse::kDelta:
      return Printable(DescribeDelta(message.delta()));
    default:
      return "";
  }
}

std::string WatchView::DescribeSnapshot(const v1::Snapshot& snapshot) {
  const bool first = incarnation_ == 0;
  const bool recreated = !first && incarnation_ != snapshot.incarnation();
  const Nodes before = std::exchange(nodes_, {});
  for (const v1::Node& node : snapshot.nodes()) nodes_[node.id()] = node;
  epoch_ = snapshot.epoch();
  incarnation_ = snapshot.incarnation();
  std::string text = absl::StrCat(
      "epoch ", epoch_, ": ring ", snapshot.spec().name(),
      recreated ? " was created again" : "", ", ", SpecText(snapshot.spec()),
      ", ", nodes_.size(), nodes_.size() == 1 ? " node" : " nodes");
  if (first) return text;
  const std::string changes = DescribeNodes(before, nodes_);
  return absl::StrCat(text, changes.empty() ? "" : "; ", changes);
}

std::string WatchView::DescribeDelta(const v1::Delta& delta) {
  // Only the nodes in the delta; the others have not changed.
  Nodes before;
  Nodes after;
  for (const v1::Node& node : delta.upserted()) {
    after[node.id()] = node;
    const auto found = nodes_.find(node.id());
    if (found != nodes_.end()) before.insert(nodes_.extract(found));
    nodes_[node.id()] = node;
  }
  for (const std::string& id : delta.removed_ids()) {
    const auto found = nodes_.find(id);
    if (found != nodes_.end()) before.insert(nodes_.extract(found));
  }
  epoch_ = delta.epoch();
  incarnation_ = delta.incarnation();
  std::string text = absl::StrCat("epoch ", epoch_);
  if (delta.from_epoch() + 1 < epoch_) {
    absl::StrAppend(&text, " (since ", delta.from_epoch(), ")");
  }
  const std::string changes = DescribeNodes(before, after);
  absl::StrAppend(&text, ": ", changes.empty() ? "no node changed" : changes);
  std::vector<std::string> transfers;
  for (const v1::Transfer& transfer : delta.transfers()) {
    transfers.push_back(absl::StrCat(Giver(transfer), " ", terminal_.arrow(),
                                     " ", transfer.to_id(), " ",
                                     Percent(transfer.ratio())));
  }
  if (delta.moved_ratio() > 0) {
    absl::StrAppend(&text, "; ", Percent(delta.moved_ratio()), " moved");
    if (!transfers.empty()) absl::StrAppend(&text, ": ");
    absl::StrAppend(&text, JoinSome(std::move(transfers)));
  }
  return text;
}

std::string WatchView::DescribeNodes(const Nodes& before,
                                     const Nodes& after) const {
  std::vector<std::string> changes;
  for (const auto& [id, node] : after) {
    const auto found = before.find(id);
    std::string change = found == before.end()
                             ? DescribeAdded(node)
                             : DescribeUpdate(found->second, node, terminal_);
    if (!change.empty()) changes.push_back(std::move(change));
  }
  for (const auto& [id, node] : before) {
    if (after.count(id) == 0) changes.push_back(absl::StrCat("removed ", id));
  }
  return JoinSome(std::move(changes));
}

}  // namespace clockwise::cli
