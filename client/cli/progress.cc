#include "client/cli/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/text.h"

namespace clockwise::cli {
namespace {

constexpr absl::Duration kBetween = absl::Milliseconds(100);
constexpr size_t kMaxProgressBar = 30;

}  // namespace

std::string ProgressText(uint64_t keys, uint64_t bytes, uint64_t total_bytes,
                         absl::Duration elapsed, const Terminal& terminal) {
  const double seconds = std::max(absl::ToDoubleSeconds(elapsed), 0.001);
  const auto rate = static_cast<uint64_t>(static_cast<double>(keys) / seconds);
  std::string text =
      absl::StrCat(Grouped(keys), " keys  ", Grouped(rate), "/s");
  if (total_bytes > 0) {
    const double part = std::min(
        static_cast<double>(bytes) / static_cast<double>(total_bytes), 1.0);
    std::string bar = Bar(part, kMaxProgressBar, terminal.utf8);
    bar.append(kMaxProgressBar - DisplayWidth(bar), ' ');
    text = absl::StrFormat("[%s] %3.0f %%  %s", bar, part * 100, text);
  }
  // A line that wraps could not be erased.
  if (DisplayWidth(text) >= terminal.width) return "";
  return text;
}

Progress::Progress(uint64_t total_bytes, absl::Time start)
    : on_terminal_(isatty(STDERR_FILENO) == 1),
      total_bytes_(total_bytes),
      start_(start),
      next_(start) {}

Progress::~Progress() { Wipe(); }

void Progress::Show(uint64_t keys, uint64_t bytes, absl::Time now) {
  if (!on_terminal_ || now < next_) return;
  next_ = now + kBetween;
  const std::string text = ProgressText(keys, bytes, total_bytes_, now - start_,
                                        FindTerminal(STDERR_FILENO));
  const std::string line = absl::StrCat("\r\033[K", text);
  std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
  shown_ = true;
}

void Progress::Wipe() {
  if (!shown_) return;
  std::fputs("\r\033[K", stderr);
  std::fflush(stderr);
  shown_ = false;
  // The next Show may draw immediately.
  next_ = start_;
}

}  // namespace clockwise::cli
