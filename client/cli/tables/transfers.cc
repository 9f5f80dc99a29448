#include "client/cli/tables/transfers.h"

#include "absl/strings/str_cat.h"
#include "client/cli/tables/table.h"
#include "client/cli/text.h"

namespace clockwise::cli {
namespace {

constexpr int kMaxTransferRows = 12;

}  // namespace

absl::string_view Giver(const v1::Transfer& transfer) {
  return transfer.from_id().empty() ? absl::string_view("(nobody)")
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
    absl::StrAppend(&text, "and ", Grouped(transfers.size() - kMaxTransferRows),
                    truncated ? " and more" : " more",
                    " such pairs: ", Percent(rest), "\n");
  }
  if (truncated) {
    absl::StrAppend(&text,
                    "(not all moves could be listed; the sums are exact)\n");
  }
  return text;
}

}  // namespace clockwise::cli
