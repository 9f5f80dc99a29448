// KeyBatch is a batch of keys that fits one BatchLocate request. It splits a
// stream of bytes at a separator. Thread-compatible.
//
// Memory: the size of one batch and one key, however long the stream is.
#ifndef CLOCKWISE_CLIENT_CLI_KEY_BATCH_H_
#define CLOCKWISE_CLIENT_CLI_KEY_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "service/limits.h"

namespace clockwise::cli {

class KeyBatch {
 public:
  using Keys = google::protobuf::RepeatedPtrField<std::string>;

  // A batch of this many bytes, plus one key, is far below the server's limit
  // for one message.
  static constexpr size_t kMaxBytes = size_t{1024} * 1024;
  static_assert(kMaxBytes + limits::kMaxKeyBytes < limits::kMaxRequestBytes);

  // Keys end at `separator`, a newline or NUL. `source` is the name in error
  // messages.
  explicit KeyBatch(char separator, std::string source = "standard input")
      : separator_(separator), source_(std::move(source)) {}

  // Reads bytes until the batch is full. Returns the number of bytes read. Bad
  // usage: a key is over its bound; the message names the line. Keys before it
  // stay in the batch. Or the text is UTF-16.
  absl::StatusOr<size_t> Add(absl::string_view bytes);

  // Returns what is unusual in the keys so far, with the number of such keys,
  // in one line: carriage returns and blanks at their ends, NUL, a byte order
  // mark, empty keys. They are parts of the keys, but rarely meant to be. Empty
  // if there is nothing. Keys that end with NUL are taken to be meant as they
  // are.
  // Empty keys only if `with_empty`.
  std::string Oddities(bool with_empty = true) const;

  // Ends the stream. Bytes after the last separator are a key too. Call it only
  // while the batch is not full.
  void End();

  bool empty() const { return keys_.empty(); }
  bool full() const {
    return keys_.size() == static_cast<int>(limits::kMaxBatchKeys) ||
           bytes_ >= kMaxBytes;
  }

  // Swaps the keys with `keys`, and empties the batch.
  void Take(Keys& keys);

 private:
  void EndKey();
  void NoteOddities();

  const char separator_;
  const std::string source_;
  Keys keys_;
  size_t bytes_ = 0;     // size of keys_ in a message
  std::string partial_;  // the key that has not ended yet
  uint64_t keys_before_ = 0;
  // Numbers of unusual keys.
  uint64_t carriage_returns_ = 0;
  uint64_t blanks_ = 0;
  uint64_t nuls_ = 0;
  uint64_t empty_ = 0;
  bool mark_ = false;   // the first key begins with a byte order mark
  bool utf16_ = false;  // of UTF-16
};

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_KEY_BATCH_H_
