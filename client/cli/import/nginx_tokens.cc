#include "client/cli/import/nginx_tokens.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace clockwise::cli {

absl::StatusOr<std::optional<NginxToken>> NginxTokens::Next() {
  SkipBlanks();
  if (at_ == text_.size()) return std::nullopt;
  NginxToken token;
  token.line = place_.line;
  const char c = text_[at_];
  if (c == '{' || c == '}' || c == ';') {
    token.text = std::string(1, c);
    ++at_;
    return token;
  }
  if (c == '"' || c == '\'') return QuotedWord(c, token);
  while (at_ < text_.size() && !EndsWord()) Take(token.text);
  return token;
}

void NginxTokens::SkipBlanks() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '#') {
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      Skip();
    } else {
      return;
    }
  }
}

// "${" begins a variable, not a block.
bool NginxTokens::EndsWord() const {
  const char c = text_[at_];
  if (c == '{') return at_ == 0 || text_[at_ - 1] != '$';
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ';';
}

// Reads one character, with its escape.
void NginxTokens::Take(std::string& word) {
  if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
    const char next = text_[at_ + 1];
    if (next != '"' && next != '\'' && next != '\\') word += '\\';
    word += next;
    place_.line += next == '\n' ? 1 : 0;
    at_ += 2;
    return;
  }
  word += text_[at_];
  Skip();
}

absl::StatusOr<std::optional<NginxToken>> NginxTokens::QuotedWord(
    char quote, NginxToken token) {
  token.quoted = true;
  ++at_;
  while (at_ < text_.size() && text_[at_] != quote) Take(token.text);
  if (at_ == text_.size()) {
    return ImportFault({place_.source, token.line},
                       "a quoted text has no closing quote; the file may be "
                       "truncated");
  }
  ++at_;
  const absl::string_view after = " \t\r\n;{)";
  if (at_ < text_.size() && !absl::StrContains(after, text_[at_])) {
    return ImportFault(place_,
                       absl::StrCat("unexpected \"", text_.substr(at_, 1),
                                    "\" after a quoted text"));
  }
  return token;
}

void NginxTokens::Skip() {
  place_.line += text_[at_] == '\n' ? 1 : 0;
  ++at_;
}

// Skips `[[ … ]]` or `[==[ … ]==]`. Returns false if none begins here.
bool NginxTokens::SkipLongBracket() {
  size_t level = at_ + 1;
  while (level < text_.size() && text_[level] == '=') ++level;
  if (level >= text_.size() || text_[level] != '[') return false;
  const std::string close =
      absl::StrCat("]", std::string(level - at_ - 1, '='), "]");
  const size_t end = text_.find(close, level + 1);
  const size_t stop =
      end == absl::string_view::npos ? text_.size() : end + close.size();
  while (at_ < stop) Skip();
  return true;
}

// Skips a string or comment of Lua. Returns false if none begins here.
bool NginxTokens::SkipLuaText() {
  const char c = text_[at_];
  if (c == '[') return SkipLongBracket();
  if (absl::StartsWith(text_.substr(at_), "--")) {
    at_ += 2;
    if (at_ < text_.size() && text_[at_] == '[' && SkipLongBracket()) {
      return true;
    }
    while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    return true;
  }
  if (c != '"' && c != '\'') return false;
  Skip();
  while (at_ < text_.size() && text_[at_] != c) {
    if (text_[at_] == '\\' && at_ + 1 < text_.size()) Skip();
    Skip();
  }
  if (at_ < text_.size()) Skip();
  return true;
}

absl::Status NginxTokens::SkipLua() {
  const int begin = place_.line;
  for (int depth = 1; at_ < text_.size();) {
    if (SkipLuaText()) continue;
    const char c = text_[at_];
    Skip();
    depth += c == '{' ? 1 : c == '}' ? -1 : 0;
    if (depth == 0) return absl::OkStatus();
  }
  return ImportFault({place_.source, begin},
                     "the Lua block has no end; the file may be truncated");
}

}  // namespace clockwise::cli
