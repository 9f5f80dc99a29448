// Progress shows the progress of a long read in one line on a terminal: a bar
// if the total is known, otherwise a count. Thread-compatible.
#ifndef CLOCKWISE_CLIENT_CLI_PROGRESS_H_
#define CLOCKWISE_CLIENT_CLI_PROGRESS_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "client/cli/terminal.h"

namespace clockwise::cli {

// Returns the text of the line. `total_bytes` 0 means unknown. Empty if it does
// not fit the terminal.
std::string ProgressText(uint64_t keys, uint64_t bytes, uint64_t total_bytes,
                         absl::Duration elapsed, const Terminal& terminal);

class Progress {
 public:
  // Draws on standard error; draws nothing if that is not a terminal.
  Progress(uint64_t total_bytes, absl::Time start);

  // Erases the line.
  ~Progress();

  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Redraws the line, at most ten times a second.
  void Show(uint64_t keys, uint64_t bytes, absl::Time now);

  // Erases the line. Call it before other output to the terminal.
  void Wipe();

 private:
  const bool on_terminal_;
  const uint64_t total_bytes_;
  const absl::Time start_;
  absl::Time next_;
  bool shown_ = false;
};

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_PROGRESS_H_
