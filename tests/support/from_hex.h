// Returns the bytes of hexadecimal digits. Debian 12's Abseil has only the old
// form of absl::HexStringToBytes; Debian 13's Abseil deprecates it for a new
// form.
#ifndef CLOCKWISE_TESTS_SUPPORT_FROM_HEX_H_
#define CLOCKWISE_TESTS_SUPPORT_FROM_HEX_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace clockwise {

inline std::string FromHex(absl::string_view digits) {
  std::string bytes;
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(
        std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_SUPPORT_FROM_HEX_H_
