// What the command's output is shown on: its width and its characters.
// Immutable.
//
// There are no colours, so NO_COLOR has nothing to turn off.
#ifndef CLOCKWISE_CLIENT_CLI_TERMINAL_H_
#define CLOCKWISE_CLIENT_CLI_TERMINAL_H_

#include <cstddef>
#include <string>

namespace clockwise::cli {

struct Terminal {
  size_t width = 80;  // columns
  bool utf8 = false;  // may show more than ASCII

  const char* arrow() const { return utf8 ? "→" : "->"; }
};

// The terminal behind `file_descriptor`; if that is none, $COLUMNS or 80
// columns. The locale tells whether it shows UTF-8.
Terminal FindTerminal(int file_descriptor);

// A bar of `part` (0 to 1) of `width` columns: block characters to an eighth of
// a column, or '#' to a whole one. What is more than nothing shows.
std::string Bar(double part, size_t width, bool utf8);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_TERMINAL_H_
