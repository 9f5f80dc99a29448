// A batch of keys, cut from a stream of bytes at a separator, that fits one
// BatchLocate request. Thread-compatible.
//
// Memory: what one batch and one key take, however long the stream is.
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

  // A batch of this many bytes, and one key more, stays far below what a server
  // takes in one message.
  static constexpr size_t kMaxBytes = size_t{1024} * 1024;
  static_assert(kMaxBytes + limits::kMaxKeyBytes < limits::kMaxRequestBytes);

  // Keys end at `separator`, a line's end or NUL. `source` is what a fault
  // names.
  explicit KeyBatch(char separator, std::string source = "standard input")
      : separator_(separator), source_(std::move(source)) {}

  // Takes bytes until the batch is full, and tells how many it took. A key over
  // its bound is bad usage, and names the line; keys before it stay in the
  // batch.
  absl::StatusOr<size_t> Add(absl::string_view bytes);

  // Ends the stream: bytes without a separator after them are a key too. Call
  // it only while the batch is not full.
  void End();

  bool empty() const { return keys_.empty(); }
  bool full() const {
    return keys_.size() == static_cast<int>(limits::kMaxBatchKeys) ||
           bytes_ >= kMaxBytes;
  }

  // Hands the keys over by swapping them with `keys`, and empties the batch.
  void Take(Keys& keys);

 private:
  void EndKey();

  const char separator_;
  const std::string source_;
  Keys keys_;
  size_t bytes_ = 0;     // of keys_, with what the wire adds
  std::string partial_;  // the key that has not ended yet
  uint64_t keys_before_ = 0;
};

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_KEY_BATCH_H_
