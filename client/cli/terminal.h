// Terminal is the width and the character set of the terminal that shows the
// output. Immutable.
//
// The output has no colours, so NO_COLOR has no effect.
#ifndef CLOCKWISE_CLIENT_CLI_TERMINAL_H_
#define CLOCKWISE_CLIENT_CLI_TERMINAL_H_

#include <cstddef>
#include <string>

namespace clockwise::cli {

struct Terminal {
  size_t width = 80;  // columns
  bool utf8 = false;  // true if it can show more than ASCII

  const char* arrow() const { return utf8 ? "→" : "->"; }
};

// Returns the terminal of `file_descriptor`. If there is none, the width is
// $COLUMNS or 80. The locale decides about UTF-8.
Terminal FindTerminal(int file_descriptor);

// Returns a bar for `part` (0 to 1) of `width` columns: block characters, to an
// eighth of a column, or '#', to a whole column. Any `part` above 0 is visible.
std::string Bar(double part, size_t width, bool utf8);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_TERMINAL_H_
