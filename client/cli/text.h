// Functions that convert text from keys, nodes and servers for a terminal, for
// JSON or for a shell. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_TEXT_H_
#define CLOCKWISE_CLIENT_CLI_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "service/api/utf8.h"

namespace clockwise::cli {

// Returns the number of columns of `text`: its code points. Wide and combining
// characters, which are rare in names of nodes, count as one.
size_t DisplayWidth(absl::string_view text);

// Returns `text` without characters that could control a terminal or break a
// line: control characters, and bytes that are not UTF-8, become \xNN.
// Backslashes stay, because the result is for people; use JSON for a form that
// can be parsed.
std::string Printable(absl::string_view text);

// Returns `text`, which must be UTF-8, as a JSON string with quotes.
std::string JsonString(absl::string_view text);

// Returns `text` as one word of a POSIX shell, quoted only if necessary.
std::string ShellWord(absl::string_view text);

// Returns a fraction as a percentage: "15.2 %" for 0.1523. Smaller values have
// more decimals.
std::string Percent(double part);

// Returns `number` with thousands separators: "65,536" for 65536.
std::string Grouped(uint64_t number);

// Returns the percentage with a fixed number of decimals, for columns.
std::string Percent(double part, int decimals);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_TEXT_H_
