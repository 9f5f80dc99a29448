// A table of text: titles, aligned columns and, at the end, a bar per row.
// Thread-compatible.
#ifndef CLOCKWISE_CLIENT_CLI_TABLES_TABLE_H_
#define CLOCKWISE_CLIENT_CLI_TABLES_TABLE_H_

#include <string>
#include <vector>

#include "client/cli/terminal.h"

namespace clockwise::cli {

class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns);

  // Adds a row with a cell per column; cells are made Printable. Bars are drawn
  // to the scale of the greatest `bar`.
  void AddRow(const std::vector<std::string>& cells, double bar = 0);

  // The table, each line with its end and without spaces before it. Bars fill
  // what the terminal leaves, and are left out where that is too little; cells
  // are never cut, since names that are cut cannot be copied.
  std::string Render(const Terminal& terminal) const;

 private:
  struct Row {
    std::vector<std::string> cells;
    double bar;
  };

  void AppendCells(const std::vector<std::string>& cells,
                   const std::vector<size_t>& widths, std::string& line) const;

  const std::vector<Column> columns_;
  std::vector<Row> rows_;
};

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_TABLES_TABLE_H_
