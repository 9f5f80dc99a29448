// Reads the servers of one `upstream` of nginx, with `hash KEY [consistent]`.
#include <optional>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/import/imported.h"
#include "service/api/refusal.h"
#include "service/limits.h"

namespace clockwise::cli {
namespace {

// A word, "{", "}" or ";", split in the same way as by nginx's own parser.
struct Token {
  std::string text;
  bool quoted = false;
  int line = 0;

  bool Is(const char* mark) const { return !quoted && text == mark; }
};

class Tokens {
 public:
  Tokens(absl::string_view text, const std::string& source)
      : text_(text), place_{source, 1} {}

  const SourceLine& place() const { return place_; }

  // Returns the next token; nullopt at the end of the text.
  absl::StatusOr<std::optional<Token>> Next() {
    SkipBlanks();
    if (at_ == text_.size()) return std::nullopt;
    Token token;
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

 private:
  void SkipBlanks() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        place_.line += c == '\n' ? 1 : 0;
        ++at_;
      } else {
        return;
      }
    }
  }

  // "${" begins a variable, not a block.
  bool EndsWord() const {
    const char c = text_[at_];
    if (c == '{') return at_ == 0 || text_[at_ - 1] != '$';
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ';';
  }

  // Reads one character, with its escape.
  void Take(std::string& word) {
    if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
      const char next = text_[at_ + 1];
      if (next != '"' && next != '\'' && next != '\\') word += '\\';
      word += next;
      place_.line += next == '\n' ? 1 : 0;
      at_ += 2;
      return;
    }
    place_.line += text_[at_] == '\n' ? 1 : 0;
    word += text_[at_++];
  }

  absl::StatusOr<std::optional<Token>> QuotedWord(char quote, Token token) {
    token.quoted = true;
    ++at_;
    while (at_ < text_.size() && text_[at_] != quote) Take(token.text);
    if (at_ == text_.size()) {
      return ImportFault({place_.source, token.line},
                         "a quoted text has no closing quote; the file may be "
                         "truncated");
    }
    ++at_;
    return token;
  }

  const absl::string_view text_;
  SourceLine place_;
  size_t at_ = 0;
};

// `words ;` or `words { … }`.
struct Directive {
  std::vector<Token> words;
  bool block = false;
};

// True if the directive does not affect placement.
bool IsNginxConnectionOption(absl::string_view name) {
  static const auto& names = *new std::set<absl::string_view>{
      "keepalive", "keepalive_requests", "keepalive_time", "keepalive_timeout",
      "zone"};
  return names.contains(name);
}

class UpstreamReader {
 public:
  UpstreamReader(absl::string_view text, const std::string& source,
                 const std::string& upstream)
      : tokens_(text, source), source_(source), upstream_(upstream) {}

  absl::StatusOr<Imported> Read() {
    for (int depth = 0;;) {
      auto directive = NextDirective(depth);
      if (!directive.ok()) return directive.status();
      if (!directive->has_value()) break;
      const std::vector<Token>& words = (*directive)->words;
      if (words.empty()) continue;  // a block ended
      const bool wanted = (*directive)->block && words.size() == 2 &&
                          words[0].Is("upstream") && words[1].text == upstream_;
      if (!wanted) continue;
      if (found_) {
        return ImportFault(
            {source_, words[0].line},
            absl::StrCat("upstream ", Quoted(upstream_), " repeats line ",
                         found_at_.line, "; remove one of them"));
      }
      found_ = true;
      found_at_ = {source_, words[0].line};
      if (auto status = ReadServers(depth); !status.ok()) return status;
    }
    return Finish();
  }

 private:
  // Returns the next directive. If it has no words, the open block has ended.
  absl::StatusOr<std::optional<Directive>> NextDirective(int& depth) {
    Directive directive;
    for (;;) {
      auto token = tokens_.Next();
      if (!token.ok()) return token.status();
      if (!token->has_value()) {
        if (directive.words.empty() && depth == 0) return std::nullopt;
        return ImportFault(
            tokens_.place(),
            "the file ends inside a block or directive; it may be "
            "truncated");
      }
      if ((*token)->Is("}")) {
        if (!directive.words.empty() || depth == 0) {
          return ImportFault(
              tokens_.place(),
              directive.words.empty()
                  ? "a \"}\" has no matching \"{\""
                  : absl::StrCat("directive ", Quoted(directive.words[0].text),
                                 " does not end with \";\""));
        }
        --depth;
        return directive;
      }
      if ((*token)->Is(";") || (*token)->Is("{")) {
        if (directive.words.empty()) {
          return ImportFault(
              tokens_.place(),
              absl::StrCat("a \"", (*token)->text, "\" without a directive"));
        }
        directive.block = (*token)->Is("{");
        if (directive.block) ++depth;
        return directive;
      }
      directive.words.push_back(**std::move(token));
    }
  }

  absl::Status ReadServers(int& depth) {
    const int outside = depth - 1;
    for (;;) {
      auto directive = NextDirective(depth);
      if (!directive.ok()) return directive.status();
      if (depth == outside) return absl::OkStatus();
      const std::vector<Token>& words = (*directive)->words;
      const SourceLine place{source_, words.empty() ? 0 : words[0].line};
      const std::string& name = words.at(0).text;
      const bool block = (*directive)->block;
      absl::Status status;
      if (!block && name == "server") {
        status = ReadServer(words, place);
      } else if (!block && name == "hash") {
        status = ReadHash(words, place);
      } else if (block || !IsNginxConnectionOption(name)) {
        status = Unknown(place, name);
      }
      if (!status.ok()) return status;
    }
  }

  static absl::Status Unknown(const SourceLine& place, absl::string_view name) {
    return ImportFault(
        place, absl::StrCat("directive ", Quoted(name), " is not supported"));
  }

  absl::Status ReadHash(const std::vector<Token>& words,
                        const SourceLine& place) {
    const bool consistent = words.size() == 3 && words[2].text == "consistent";
    if (words.size() < 2 || (words.size() == 3 && !consistent) ||
        words.size() > 3 || !imported_.key.empty()) {
      return ImportFault(place, "write `hash KEY [consistent]`, and only once");
    }
    imported_.key = words[1].text;
    imported_.spec.set_layout(consistent ? v1::LAYOUT_NGINX
                                         : v1::LAYOUT_NGINX_MODULO);
    return absl::OkStatus();
  }

  absl::Status ReadServer(const std::vector<Token>& words,
                          const SourceLine& place) {
    if (words.size() < 2) {
      return ImportFault(place,
                         "\"server\" has no address; write server ADDRESS");
    }
    const std::string& address = words[1].text;
    uint32_t weight = 1;
    bool down = false;
    for (size_t i = 2; i < words.size(); ++i) {
      absl::string_view word = words[i].text;
      if (absl::ConsumePrefix(&word, "weight=")) {
        auto number =
            ImportNumber(place, "weight", word, 1, limits::kMaxWeight);
        if (!number.ok()) return number.status();
        weight = *number;
      } else if (word == "backup") {
        imported_.notes.push_back(absl::StrCat(
            address, " is a backup and is not part of nginx's ring"));
        return absl::OkStatus();
      } else if (word == "down") {
        down = true;
      } else if (!absl::StartsWith(word, "max_fails=") &&
                 !absl::StartsWith(word, "fail_timeout=") &&
                 !absl::StartsWith(word, "max_conns=")) {
        return ImportFault(place, absl::StrCat("parameter ", Quoted(word),
                                               " is not supported"));
      }
    }
    if (down) {
      imported_.notes.push_back(
          absl::StrCat(address,
                       " is down; it stays on the ring, and nginx sends its "
                       "keys to other servers"));
    }
    AddImportedNode(imported_, address, address, weight);
    return absl::OkStatus();
  }

  absl::StatusOr<Imported> Finish() {
    if (!found_) {
      return ImportFault(
          {source_, 0},
          absl::StrCat("upstream ", Quoted(upstream_), " is not in the file"));
    }
    if (imported_.key.empty()) {
      return ImportFault(found_at_, absl::StrCat("upstream ", Quoted(upstream_),
                                                 " has no hash directive"));
    }
    if (imported_.nodes.empty()) {
      return ImportFault(found_at_, absl::StrCat("upstream ", Quoted(upstream_),
                                                 " has no servers"));
    }
    return std::move(imported_);
  }

  Tokens tokens_;
  const std::string& source_;
  const std::string& upstream_;
  bool found_ = false;
  SourceLine found_at_;
  Imported imported_;
};

}  // namespace

absl::StatusOr<Imported> ReadNginx(absl::string_view text,
                                   const std::string& source,
                                   const std::string& upstream) {
  return UpstreamReader(text, source, upstream).Read();
}

}  // namespace clockwise::cli
