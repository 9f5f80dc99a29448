#include "service/http/http_message.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/api/refusal.h"

namespace clockwise {
namespace {

// True if `name` can be the name of a parameter. Others are quoted in errors.
bool IsPlainName(absl::string_view name) {
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '_';
  });
}

// Decodes percent-encoding into `decoded`. A '+' is a space in a query only.
// Returns false, and decodes nothing, if an escape is malformed.
bool Decode(absl::string_view text, bool plus_is_space, std::string& decoded) {
  decoded.clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
      continue;
    }
    if (text.size() - i < 3 || !absl::ascii_isxdigit(text[i + 1]) ||
        !absl::ascii_isxdigit(text[i + 2])) {
      decoded.clear();
      return false;
    }
    unsigned char byte = 0;
    const char* digits = text.data() + i + 1;
    std::from_chars(digits, digits + 2, byte, 16);
    decoded.push_back(static_cast<char>(byte));
    i += 2;
  }
  return true;
}

absl::Status Malformed(absl::string_view field, absl::string_view text) {
  return FieldRefusal(
      field, absl::StrCat(Quoted(text),
                          " has a % without two hexadecimal digits; write %25 "
                          "for the character %"));
}

void ReadPath(absl::string_view path, HttpRequest& request) {
  for (absl::string_view segment : absl::StrSplit(path, '/')) {
    std::string& decoded = request.path.emplace_back();
    if (!Decode(segment, false, decoded)) {
      request.malformed.Update(Malformed("path", segment));
    }
  }
  request.path.erase(request.path.begin());  // the part before the first /
  if (!request.path.empty() && request.path.back().empty()) {
    request.path.pop_back();
  }
}

void ReadParameter(absl::string_view text, HttpRequest& request) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(text, absl::MaxSplits('=', 1));
  std::string name;
  std::string value;
  if (!Decode(parts.first, true, name)) {
    request.malformed.Update(Malformed(Quoted(parts.first), parts.first));
  } else if (!Decode(parts.second, true, value)) {
    request.malformed.Update(
        Malformed(IsPlainName(name) ? name : Quoted(name), parts.second));
  }
  request.parameters.emplace(std::move(name), std::move(value));
}

}  // namespace

absl::string_view PathOf(absl::string_view target) {
  return target.substr(0, target.find_first_of("?#"));
}

HttpRequest ParseTarget(absl::string_view target) {
  target = target.substr(0, target.find('#'));
  const absl::string_view path = PathOf(target);
  HttpRequest request;
  ReadPath(path, request);
  target.remove_prefix(path.size());
  if (!target.empty()) target.remove_prefix(1);  // the '?'
  for (absl::string_view parameter :
       absl::StrSplit(target, '&', absl::SkipEmpty())) {
    ReadParameter(parameter, request);
  }
  return request;
}

}  // namespace clockwise
