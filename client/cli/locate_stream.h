// `clockwise locate --stdin`: any number of keys, in constant memory.
#ifndef CLOCKWISE_CLIENT_CLI_LOCATE_STREAM_H_
#define CLOCKWISE_CLIENT_CLI_LOCATE_STREAM_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/cli/locator.h"
#include "client/cli/session.h"

namespace clockwise::cli {

struct LocateOptions {
  std::vector<std::string> keys;
  bool from_stdin = false;
  bool null_separated = false;
  bool summary = false;
  uint32_t replicas = 0;
  uint64_t min_epoch = 0;
  bool local = false;     // look up in a mirror of the ring
  std::string ring_file;  // where the mirror is kept; only with local
};

// Locates the keys of standard input batch by batch and prints a line for each,
// or with `summary` how they spread. A batch goes off when it is full or when
// the input pauses, so that it may be somebody typing. Epochs never go back
// from one batch to the next, whichever server answers.
absl::Status LocateStream(const LocateOptions& options, Session& session,
                          Locator& locator);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_LOCATE_STREAM_H_
