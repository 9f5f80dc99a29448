#include "client/cli/tables/table.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/cli/text.h"

namespace clockwise::cli {
namespace {

constexpr size_t kGap = 2;  // spaces between columns
constexpr size_t kMinBar = 8;
constexpr size_t kMaxBar = 40;

void EndLine(std::string line, std::string& out) {
  line.erase(line.find_last_not_of(' ') + 1);
  absl::StrAppend(&out, line, "\n");
}

}  // namespace

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::AddRow(const std::vector<std::string>& cells, double bar) {
  assert(cells.size() == columns_.size() && "a cell per column");
  Row row{{}, bar};
  for (const std::string& cell : cells) row.cells.push_back(Printable(cell));
  rows_.push_back(std::move(row));
}

void Table::AppendCells(const std::vector<std::string>& cells,
                        const std::vector<size_t>& widths,
                        std::string& line) const {
  for (size_t i = 0; i < columns_.size(); ++i) {
    const std::string space(widths[i] - DisplayWidth(cells[i]), ' ');
    if (i > 0) line.append(kGap, ' ');
    if (columns_[i].align == Align::kRight) {
      absl::StrAppend(&line, space, cells[i]);
    } else {
      absl::StrAppend(&line, cells[i], space);
    }
  }
}

std::string Table::Render(const Terminal& terminal) const {
  std::vector<std::string> titles;
  std::vector<size_t> widths;
  size_t used = 0;
  for (size_t i = 0; i < columns_.size(); ++i) {
    titles.push_back(columns_[i].title);
    size_t width = DisplayWidth(titles[i]);
    for (const Row& row : rows_) {
      width = std::max(width, DisplayWidth(row.cells[i]));
    }
    widths.push_back(width);
    used += width + kGap;
  }
  double greatest = 0;
  for (const Row& row : rows_) greatest = std::max(greatest, row.bar);
  size_t bar_width = 0;
  if (greatest > 0 && used + kMinBar <= terminal.width) {
    bar_width = std::min(terminal.width - used, kMaxBar);
  }
  std::string out;
  std::string line;
  AppendCells(titles, widths, line);
  EndLine(std::move(line), out);
  for (const Row& row : rows_) {
    line.clear();
    AppendCells(row.cells, widths, line);
    if (bar_width > 0) {
      line.append(kGap, ' ');
      line += Bar(row.bar / greatest, bar_width, terminal.utf8);
    }
    EndLine(std::move(line), out);
  }
  return out;
}

}  // namespace clockwise::cli
