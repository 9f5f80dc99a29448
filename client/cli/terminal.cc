#include "client/cli/terminal.h"

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"

namespace clockwise::cli {
namespace {

constexpr size_t kDefaultWidth = 80;
constexpr size_t kMinTerminalWidth = 20;
constexpr size_t kMaxWidth = 1000;

bool LocaleIsUtf8() {
  // Only LC_CTYPE is set. Numbers stay as in the C locale, because programs
  // read them.
  if (std::setlocale(LC_CTYPE, "") != nullptr) {
    return absl::string_view(nl_langinfo(CODESET)) == "UTF-8";
  }
  // The locale is named but not installed, as in most containers. Its name
  // still identifies the character set.
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    return absl::EndsWithIgnoreCase(value, "utf-8") ||
           absl::EndsWithIgnoreCase(value, "utf8");
  }
  return false;
}

size_t FindWidth(int file_descriptor) {
  winsize size = {};
  size_t width = kDefaultWidth;
  const char* columns = std::getenv("COLUMNS");
  uint32_t number = 0;
  if (ioctl(file_descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    width = size.ws_col;
  } else if (columns != nullptr && absl::SimpleAtoi(columns, &number)) {
    width = number;
  }
  return std::clamp(width, kMinTerminalWidth, kMaxWidth);
}

}  // namespace

Terminal FindTerminal(int file_descriptor) {
  return Terminal{FindWidth(file_descriptor), LocaleIsUtf8()};
}

std::string Bar(double part, size_t width, bool utf8) {
  // The condition also handles NaN.
  if (!(part > 0) || width == 0) return "";
  const double columns = std::min(part, 1.0) * static_cast<double>(width);
  if (!utf8) {
    const auto whole = static_cast<size_t>(std::lround(columns));
    return std::string(std::max<size_t>(whole, 1), '#');
  }
  static constexpr const char* kBlocks[] = {"",  "▏", "▎", "▍", "▌",
                                            "▋", "▊", "▉", "█"};
  const auto eighths =
      std::max<size_t>(static_cast<size_t>(std::lround(columns * 8)), 1);
  std::string bar;
  for (size_t i = 0; i < eighths / 8; ++i) bar += kBlocks[8];
  return bar + kBlocks[eighths % 8];
}

}  // namespace clockwise::cli
