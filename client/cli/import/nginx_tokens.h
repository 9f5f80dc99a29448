// The words of nginx's configuration, split in the same way as by nginx's own
// parser.
#ifndef CLOCKWISE_CLIENT_CLI_IMPORT_NGINX_TOKENS_H_
#define CLOCKWISE_CLIENT_CLI_IMPORT_NGINX_TOKENS_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/import/imported.h"

namespace clockwise::cli {

// A word, "{", "}" or ";".
struct NginxToken {
  std::string text;
  bool quoted = false;
  int line = 0;

  bool Is(const char* mark) const { return !quoted && text == mark; }
};

// NginxTokens reads one token after another. Thread-compatible. The text must
// outlive it.
class NginxTokens {
 public:
  NginxTokens(absl::string_view text, const std::string& source)
      : text_(text), place_{source, 1} {}

  const SourceLine& place() const { return place_; }

  // Returns the next token; nullopt at the end of the text.
  absl::StatusOr<std::optional<NginxToken>> Next();

  // Skips the Lua code of a block whose "{" was read, and the block's "}".
  absl::Status SkipLua();

 private:
  void SkipBlanks();
  bool EndsWord() const;
  void Take(std::string& word);
  absl::StatusOr<std::optional<NginxToken>> QuotedWord(char quote,
                                                       NginxToken token);
  void Skip();
  bool SkipLongBracket();
  bool SkipLuaText();

  const absl::string_view text_;
  SourceLine place_;
  size_t at_ = 0;
};

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_IMPORT_NGINX_TOKENS_H_
