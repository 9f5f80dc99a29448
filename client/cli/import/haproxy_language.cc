#include "client/cli/import/haproxy_language.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/strip.h"
#include "client/cli/import/host.h"

namespace clockwise::cli {
namespace {

// LineSplitter splits one line in the same way as HAProxy: escapes apply
// outside of single quotes, and environment variables only inside of double
// quotes.
class LineSplitter {
 public:
  explicit LineSplitter(absl::string_view line) : line_(line) {}

  absl::StatusOr<HaproxyLine> Split(const SourceLine& place) {
    for (; at_ < line_.size(); ++at_) {
      const char c = line_[at_];
      if (c == quote_) {
        quote_ = kNoQuote;
      } else if (c == '\\' && quote_ != '\'') {
        TakeEscape();
      } else if (quote_ != kNoQuote) {
        if (c == '$' && quote_ == '"') NoteVariable();
        Take(c);
      } else if (c == '#') {
        break;
      } else if (c == ' ' || c == '\t' || c == '\r') {
        EndWord();
      } else if (c == '"' || c == '\'') {
        in_word_ = true;
        quote_ = c;
      } else {
        Take(c);
      }
    }
    if (quote_ != kNoQuote) {
      return ImportFault(place, "a quoted text has no closing quote");
    }
    EndWord();
    return std::move(result_);
  }

 private:
  static constexpr char kNoQuote = '\0';

  void Take(char c) {
    in_word_ = true;
    word_ += c;
  }

  void EndWord() {
    if (in_word_) result_.words.push_back(word_);
    word_.clear();
    in_word_ = false;
  }

  // HAProxy keeps the backslash before a character that needs no escape.
  void TakeEscape() {
    const char next = at_ + 1 < line_.size() ? line_[at_ + 1] : '\0';
    const absl::string_view letters = "rnt";
    const absl::string_view hex =
        line_.substr(std::min(at_ + 2, line_.size()), 2);
    if (absl::string_view(" \\#\"'$").find(next) != absl::string_view::npos) {
      ++at_;
      Take(next);
    } else if (const size_t i = letters.find(next);
               i != absl::string_view::npos) {
      ++at_;
      Take("\r\n\t"[i]);
    } else if (next == 'x' && hex.size() == 2 && absl::ascii_isxdigit(hex[0]) &&
               absl::ascii_isxdigit(hex[1])) {
      at_ += 3;
      uint32_t byte = 0;
      static_cast<void>(absl::SimpleHexAtoi(hex, &byte));  // two digits
      Take(static_cast<char>(byte));
    } else {
      Take('\\');
    }
  }

  void NoteVariable() {
    if (!result_.variable.empty()) return;
    const absl::string_view rest = line_.substr(at_);
    size_t end = 1;
    if (absl::StartsWith(rest, "${")) {
      end = std::min(rest.find('}'), rest.size() - 1) + 1;
    } else {
      while (end < rest.size() &&
             (absl::ascii_isalnum(rest[end]) || rest[end] == '_')) {
        ++end;
      }
    }
    result_.variable = std::string(rest.substr(0, end));
  }

  const absl::string_view line_;
  size_t at_ = 0;
  char quote_ = kNoQuote;
  bool in_word_ = false;
  std::string word_;
  HaproxyLine result_;
};

}  // namespace

absl::StatusOr<HaproxyLine> ParseHaproxyLine(absl::string_view line,
                                             const SourceLine& place) {
  return LineSplitter(line).Split(place);
}

bool IsHaproxyName(absl::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) ||
                  absl::string_view("-_.:").find(static_cast<char>(c)) !=
                      absl::string_view::npos;
         });
}

absl::Status CheckHaproxyAddress(const SourceLine& place,
                                 absl::string_view address) {
  for (const absl::string_view socket :
       {"/", "unix@", "abns@", "abnsz@", "sockpair@", "fd@", "rhttp@"}) {
    if (absl::StartsWith(address, socket)) return CheckPath(place, address);
  }
  for (const absl::string_view family :
       {"ipv4@", "ipv6@", "tcp@", "tcp4@", "tcp6@", "mptcp@", "mptcp4@",
        "mptcp6@", "quic4@", "quic6@"}) {
    if (absl::ConsumePrefix(&address, family)) break;
  }
  // HAProxy splits at the last colon, also in an IPv6 address without brackets.
  const size_t bracket = address.rfind(']');
  const size_t colon = address.rfind(':');
  absl::string_view host = address;
  if (colon != absl::string_view::npos &&
      (bracket == absl::string_view::npos || colon > bracket)) {
    absl::string_view port = address.substr(colon + 1);
    host = address.substr(0, colon);
    if (absl::StartsWith(port, "+") || absl::StartsWith(port, "-")) {
      port.remove_prefix(1);  // an offset of the client's port
    }
    auto number = ImportNumber(place, "port", port, 0, 65535);
    if (!port.empty() && !number.ok()) return number.status();
  }
  // "*" and "" with a port: the address of the client.
  if (host == "*" || (host.empty() && !address.empty())) {
    return absl::OkStatus();
  }
  if (absl::StartsWith(host, "[") && absl::EndsWith(host, "]")) {
    host = host.substr(1, host.size() - 2);
  }
  return CheckHost(place, host);
}

}  // namespace clockwise::cli
