#include "client/cli/tables/moves_report.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/tables/table.h"
#include "client/cli/text.h"

namespace clockwise::cli {

// --- Transfers ---

namespace {

constexpr int kMaxTransferRows = 12;

}  // namespace

absl::string_view Giver(const v1::Transfer& transfer) {
  return transfer.from_id().empty() ? absl::string_view("(none)")
                                    : absl::string_view(transfer.from_id());
}

std::string TransferTable(const Transfers& transfers, bool truncated,
                          const Terminal& terminal) {
  std::string text;
  Table table({{"FROM"}, {"TO"}, {"MOVES", Table::Align::kRight}});
  double rest = 0;
  for (int i = 0; i < transfers.size(); ++i) {
    const v1::Transfer& transfer = transfers[i];
    if (i >= kMaxTransferRows) {
      rest += transfer.ratio();
      continue;
    }
    table.AddRow({std::string(Giver(transfer)), transfer.to_id(),
                  Percent(transfer.ratio(), 2)},
                 transfer.ratio());
  }
  if (!transfers.empty()) text = table.Render(terminal);
  if (transfers.size() > kMaxTransferRows) {
    absl::StrAppend(&text, "and ", truncated ? "at least " : "",
                    Grouped(transfers.size() - kMaxTransferRows),
                    " more pairs: ", Percent(rest), "\n");
  }
  if (truncated) {
    absl::StrAppend(
        &text,
        transfers.empty() ? "(the moves could not" : "(not all moves could",
        " be listed; the sums are exact)\n");
  }
  return text;
}

// --- Shares, balance and zones ---

namespace {

constexpr size_t kMaxShareRows = 12;

double Difference(const v1::ShareChange& change) {
  return std::abs(change.after() - change.before());
}

// Returns the number of decimals that shows a percentage with three digits.
int DecimalsFor(double part) {
  int decimals = 2;
  for (; part < 0.01 && decimals < 5; part *= 10) ++decimals;
  return decimals;
}

}  // namespace

std::string SharesTable(std::vector<v1::ShareChange> changes,
                        const Terminal& terminal) {
  if (changes.empty()) return "";
  std::stable_sort(changes.begin(), changes.end(),
                   [](const v1::ShareChange& a, const v1::ShareChange& b) {
                     return Difference(a) > Difference(b);
                   });
  constexpr auto kRight = Table::Align::kRight;
  Table table(
      {{"NODE"}, {"BEFORE", kRight}, {"AFTER", kRight}, {"FAIR", kRight}});
  double largest = 0;
  for (const v1::ShareChange& change : changes) {
    largest = std::max({largest, change.before(), change.after()});
  }
  const int decimals = DecimalsFor(largest);
  const auto share = [&](double part) {
    return part == 0 ? "-" : Percent(part, decimals);
  };
  const size_t shown = std::min(kMaxShareRows, changes.size());
  for (size_t i = 0; i < shown; ++i) {
    const v1::ShareChange& change = changes[i];
    table.AddRow({change.node_id(), share(change.before()),
                  share(change.after()), share(change.due())},
                 change.after());
  }
  std::string text = table.Render(terminal);
  if (changes.size() > shown) {
    absl::StrAppend(&text, "and ", changes.size() - shown,
                    " more nodes, each by at most ",
                    Percent(Difference(changes[shown])), "\n");
  }
  return text;
}

std::string BalanceLine(const v1::Balance& before, const v1::Balance& after,
                        const Terminal& terminal) {
  // A balance of 0 means a ring without nodes.
  if (before.peak_to_mean() == 0 && after.peak_to_mean() == 0) return "";
  const auto pair = [&](double from, double to) {
    if (before.peak_to_mean() == 0) return absl::StrFormat("%.3f", to);
    if (after.peak_to_mean() == 0) return absl::StrFormat("%.3f", from);
    return absl::StrFormat("%.3f %s %.3f", from, terminal.arrow(), to);
  };
  return absl::StrCat("balance: fullest node ",
                      pair(before.peak_to_mean(), after.peak_to_mean()),
                      " of its fair share, emptiest ",
                      pair(before.min_to_mean(), after.min_to_mean()), "\n");
}

std::string ZonesLine(uint32_t partitions, uint32_t zones,
                      uint32_t shortfall_before, uint32_t shortfall_after,
                      const Terminal& terminal) {
  if (partitions == 0 || zones == 0) return "";
  if (shortfall_before == 0 && shortfall_after == 0) {
    return absl::StrCat("zones: the owners of each partition are in different ",
                        "zones (", zones,
                        zones == 1 ? " zone)\n" : " zones)\n");
  }
  return absl::StrCat("zones: partitions with owners in the same zone ",
                      Grouped(shortfall_before), " ", terminal.arrow(), " ",
                      Grouped(shortfall_after), " of ", Grouped(partitions),
                      " (", zones, zones == 1 ? " zone)\n" : " zones)\n");
}

std::string CappedLine(std::vector<std::string> ids) {
  if (ids.empty()) return "";
  const bool one = ids.size() == 1;
  return absl::StrCat(
      "capped: ", SomeIds(std::move(ids)),
      one ? " cannot own its fair share" : " cannot own their fair shares",
      ": the owners of a partition are different nodes, in different zones if "
      "there are enough\n");
}

std::string HandoverLine(double ratio) {
  if (ratio == 0) return "";
  return absl::StrCat(Percent(ratio),
                      " of the hash space gets another primary among its "
                      "owners; that moves no data\n");
}

std::string SomeIds(std::vector<std::string> ids) {
  constexpr size_t kShown = 4;
  const size_t more = ids.size() > kShown ? ids.size() - kShown : 0;
  ids.resize(ids.size() - more);
  std::string text = absl::StrJoin(ids, " ");
  if (more > 0) absl::StrAppend(&text, " and ", more, " more");
  return text;
}
std::string MovesReport(const v1::Comparison& comparison,
                        const Terminal& terminal) {
  // A server of version 0.1.0 lists none if slots are not ranges.
  const bool truncated =
      comparison.transfers_truncated() ||
      (comparison.transfers().empty() && comparison.moved_ratio() > 0);
  return absl::StrCat(
      HandoverLine(comparison.handover_ratio()),
      TransferTable(comparison.transfers(), truncated, terminal),
      SharesTable({comparison.share_changes().begin(),
                   comparison.share_changes().end()},
                  terminal),
      BalanceLine(comparison.balance_before(), comparison.balance_after(),
                  terminal),
      ZonesLine(comparison.partition_count(), comparison.zone_count(),
                comparison.zone_shortfall_before(),
                comparison.zone_shortfall_after(), terminal),
      CappedLine(
          {comparison.capped_ids().begin(), comparison.capped_ids().end()}));
}

}  // namespace clockwise::cli
