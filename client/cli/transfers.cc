#include "client/cli/transfers.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/cli/table.h"
#include "client/cli/text.h"

namespace clockwise::cli {
namespace {

constexpr size_t kMaxRows = 12;

using Owners = google::protobuf::RepeatedPtrField<std::string>;

std::vector<absl::string_view> Without(const Owners& owners,
                                       const Owners& others) {
  std::vector<absl::string_view> left;
  for (const std::string& owner : owners) {
    if (std::find(others.begin(), others.end(), owner) == others.end()) {
      left.push_back(owner);
    }
  }
  return left;
}

}  // namespace

std::vector<Transfer> Transfers(const Moves& moves) {
  std::map<std::pair<absl::string_view, absl::string_view>, double> sums;
  for (const v1::Move& move : moves) {
    const auto gained = Without(move.to(), move.from());
    const auto lost = Without(move.from(), move.to());
    for (size_t i = 0; i < gained.size(); ++i) {
      const auto from = i < lost.size() ? lost[i] : absl::string_view();
      sums[{from, gained[i]}] +=
          move.ratio() / static_cast<double>(gained.size());
    }
  }
  std::vector<Transfer> transfers;
  for (const auto& [nodes, ratio] : sums) {
    transfers.push_back(
        {std::string(nodes.first), std::string(nodes.second), ratio});
  }
  std::sort(transfers.begin(), transfers.end(),
            [](const Transfer& a, const Transfer& b) {
              return std::tie(b.ratio, a.from, a.to) <
                     std::tie(a.ratio, b.from, b.to);
            });
  return transfers;
}

std::string TransferTable(const std::vector<Transfer>& transfers,
                          bool truncated, const Terminal& terminal) {
  std::string text;
  Table table({{"FROM"}, {"TO"}, {"MOVES", Table::Align::kRight}});
  double rest = 0;
  for (size_t i = 0; i < transfers.size(); ++i) {
    const Transfer& transfer = transfers[i];
    if (i >= kMaxRows) {
      rest += transfer.ratio;
      continue;
    }
    table.AddRow({transfer.from.empty() ? "(nobody)" : transfer.from,
                  transfer.to, Percent(transfer.ratio, 2)},
                 transfer.ratio);
  }
  if (!transfers.empty()) text = table.Render(terminal);
  if (transfers.size() > kMaxRows) {
    absl::StrAppend(&text, "and ", transfers.size() - kMaxRows,
                    " more such pairs: ", Percent(rest), "\n");
  }
  if (truncated) {
    absl::StrAppend(&text,
                    "(not all moves could be listed; the sums are exact)\n");
  }
  return text;
}

}  // namespace clockwise::cli
