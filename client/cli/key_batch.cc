#include "client/cli/key_batch.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/failure.h"

namespace clockwise::cli {
namespace {

constexpr size_t kWireBytesPerKey = 4;  // tag and length

}  // namespace

absl::StatusOr<size_t> KeyBatch::Add(absl::string_view bytes) {
  size_t taken = 0;
  while (taken < bytes.size() && !full()) {
    const absl::string_view rest = bytes.substr(taken);
    const size_t end = rest.find(separator_);
    const absl::string_view part = rest.substr(0, end);
    if (partial_.size() + part.size() > limits::kMaxKeyBytes) {
      return BadUsage(
          absl::StrCat(source_, separator_ == '\0' ? ": key " : ":",
                       keys_before_ + static_cast<uint64_t>(keys_.size()) + 1,
                       ": the key has more than ", limits::kMaxKeyBytes,
                       " bytes; shorten or remove it"));
    }
    absl::StrAppend(&partial_, part);
    taken += part.size();
    if (end == absl::string_view::npos) break;
    ++taken;
    EndKey();
  }
  return taken;
}

void KeyBatch::End() {
  if (!partial_.empty()) EndKey();
}

void KeyBatch::Take(Keys& keys) {
  keys_before_ += static_cast<uint64_t>(keys_.size());
  bytes_ = 0;
  keys.Clear();
  keys.Swap(&keys_);
}

void KeyBatch::EndKey() {
  bytes_ += partial_.size() + kWireBytesPerKey;
  // Assigns and clears instead of moving, so that both strings keep their
  // memory for the next key.
  keys_.Add()->assign(partial_);
  partial_.clear();
}

}  // namespace clockwise::cli
