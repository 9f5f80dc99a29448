#include "service/http/http_message.h"

#include <charconv>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"

namespace clockwise {
namespace {

// Decodes percent-encoding. A '+' is a space in a query only.
std::string Decoded(absl::string_view text, bool plus_is_space) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        absl::ascii_isxdigit(text[i + 1]) &&
        absl::ascii_isxdigit(text[i + 2])) {
      const char* digits = text.data() + i + 1;
      std::from_chars(digits, digits + 2, byte, 16);
      decoded.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      decoded.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return decoded;
}

}  // namespace

absl::string_view PathOf(absl::string_view target) {
  return target.substr(0, target.find_first_of("?#"));
}

HttpRequest ParseTarget(absl::string_view target) {
  target = target.substr(0, target.find('#'));
  const absl::string_view path = PathOf(target);
  HttpRequest request;
  for (absl::string_view segment : absl::StrSplit(path, '/')) {
    request.path.push_back(Decoded(segment, false));
  }
  request.path.erase(request.path.begin());  // the part before the first /
  if (!request.path.empty() && request.path.back().empty()) {
    request.path.pop_back();
  }

  target.remove_prefix(path.size());
  if (!target.empty()) target.remove_prefix(1);  // the '?'
  for (absl::string_view parameter :
       absl::StrSplit(target, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(parameter, absl::MaxSplits('=', 1));
    request.parameters.emplace(Decoded(parts.first, true),
                               Decoded(parts.second, true));
  }
  return request;
}

}  // namespace clockwise
