// LocateStream is `clockwise locate --stdin`: it looks up any number of keys in
// constant memory.
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
  uint64_t min_incarnation = 0;
  bool local = false;     // look keys up in a mirror of the ring
  std::string ring_file;  // file of the mirror; only with local
};

// Looks up the keys of standard input in batches. Prints one line per key, or
// with `summary` the number of keys per node. It sends a batch when the batch
// is full or the input pauses, so a person can type keys. Epochs never decrease
// from one batch to the next, whichever server answers.
absl::Status LocateStream(const LocateOptions& options, Session& session,
                          Locator& locator);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_LOCATE_STREAM_H_
