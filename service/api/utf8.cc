#include "service/api/utf8.h"

#include <cstdint>

namespace clockwise {

size_t Utf8SequenceBytes(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const size_t bytes = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < bytes) return 0;
  uint8_t least = 0x80;
  uint8_t most = 0xBF;
  if (lead == 0xE0) least = 0xA0;  // overlong below
  if (lead == 0xED) most = 0x9F;   // surrogates above
  if (lead == 0xF0) least = 0x90;  // overlong below
  if (lead == 0xF4) most = 0x8F;   // beyond U+10FFFF above
  if (byte(1) < least || byte(1) > most) return 0;
  for (size_t i = 2; i < bytes; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return bytes;
}

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    const size_t bytes = Utf8SequenceBytes(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

}  // namespace clockwise
