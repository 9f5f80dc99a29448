// Text from keys, nodes and servers, made fit for a terminal, for JSON or for a
// shell. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_TEXT_H_
#define CLOCKWISE_CLIENT_CLI_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace clockwise::cli {

// Whether `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong
// forms, nothing above U+10FFFF).
bool IsUtf8(absl::string_view text);

// Columns that `text` takes: its code points. Wide and combining characters,
// rare in names of nodes, are counted as one.
size_t DisplayWidth(absl::string_view text);

// `text` without what could steer a terminal or break a line: control
// characters, and bytes that are no UTF-8, become \xNN. Backslashes stay: this
// is for people; JSON is the form that can be read back.
std::string Printable(absl::string_view text);

// `text`, which must be UTF-8, as a JSON string with its quotes.
std::string JsonString(absl::string_view text);

// `text` as one word of a POSIX shell, quoted only where it must be.
std::string ShellWord(absl::string_view text);

// A part of a whole for people: 0.1523 is "15.2 %", with more decimals the
// smaller it is.
std::string Percent(double part);

// 65536 is "65,536".
std::string Grouped(uint64_t number);

// The same with a fixed number of decimals, for columns.
std::string Percent(double part, int decimals);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_TEXT_H_
