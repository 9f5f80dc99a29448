// A line on a terminal that says how far a long read is: a bar where the end is
// known, else a count. Thread-compatible.
#ifndef CLOCKWISE_CLIENT_CLI_PROGRESS_H_
#define CLOCKWISE_CLIENT_CLI_PROGRESS_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "client/cli/terminal.h"

namespace clockwise::cli {

// What the line says; `total_bytes` 0: unknown. No longer than the terminal.
std::string ProgressText(uint64_t keys, uint64_t bytes, uint64_t total_bytes,
                         absl::Duration elapsed, const Terminal& terminal);

class Progress {
 public:
  // Draws on standard error, and nothing at all if that is no terminal.
  Progress(uint64_t total_bytes, absl::Time start);

  // Wipes the line.
  ~Progress();

  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Draws the line anew, at most ten times a second.
  void Show(uint64_t keys, uint64_t bytes, absl::Time now);

  // Wipes the line before something else is written to the terminal.
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
