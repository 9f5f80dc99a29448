// Checks text for well-formed UTF-8. Pure functions.
#ifndef CLOCKWISE_SERVICE_API_UTF8_H_
#define CLOCKWISE_SERVICE_API_UTF8_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace clockwise {

// Returns the length in bytes of the well-formed UTF-8 sequence at the start of
// `text`, which must not be empty; 0 if there is none. Source: table 3-7 of the
// Unicode standard.
size_t Utf8SequenceBytes(absl::string_view text);

// True if `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong
// forms, nothing above U+10FFFF).
bool IsUtf8(absl::string_view text);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_API_UTF8_H_
