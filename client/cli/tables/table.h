// Table formats text as a table: titles, aligned columns and a bar at the end
// of each row. Thread-compatible.
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

  // Adds a row with one cell per column. Cells are made Printable. The longest
  // bar is for the largest `bar`.
  void AddRow(const std::vector<std::string>& cells, double bar = 0);

  // Returns the table. Each line ends with a newline and has no spaces before
  // it. Bars use the remaining width of the terminal, and are omitted if that
  // is too small. Cells are never cut, because cut names cannot be copied.
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
