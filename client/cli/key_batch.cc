#include "client/cli/key_batch.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/failure.h"

namespace clockwise::cli {
namespace {

constexpr size_t kWireBytesPerKey = 4;  // tag and length
constexpr absl::string_view kNul("\0", 1);

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
    if (utf16_) {
      return BadUsage(absl::StrCat(
          source_,
          ":1: the text is UTF-16, and keys are read as UTF-8; convert "
          "it: iconv -f UTF-16 -t UTF-8"));
    }
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

void KeyBatch::NoteOddities() {
  const absl::string_view key = partial_;
  if (keys_before_ == 0 && keys_.empty()) {
    mark_ = absl::StartsWith(key, "\xEF\xBB\xBF");
    utf16_ = (absl::StartsWith(key, "\xFF\xFE") ||
              absl::StartsWith(key, "\xFE\xFF")) &&
             absl::StrContains(key, kNul);
  }
  if (key.empty()) {
    ++empty_;
    return;
  }
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  if (key.back() == '\r') ++carriage_returns_;
  if (is_blank(key.front()) || is_blank(key.back())) ++blanks_;
  if (absl::StrContains(key, kNul)) ++nuls_;
}

std::string KeyBatch::Oddities(bool with_empty) const {
  std::vector<std::string> parts;
  const auto add = [&](uint64_t count, absl::string_view one,
                       absl::string_view many) {
    if (count == 1) parts.push_back(absl::StrCat("1 key ", one));
    if (count > 1) parts.push_back(absl::StrCat(count, " keys ", many));
  };
  if (mark_) parts.emplace_back("the first key begins with a byte order mark");
  add(carriage_returns_, "ends with a carriage return",
      "end with a carriage return");
  add(blanks_, "begins or ends with a blank", "begin or end with a blank");
  add(nuls_, "contains NUL", "contain NUL");
  if (with_empty) add(empty_, "is empty", "are empty");
  if (parts.empty()) return "";
  return absl::StrCat(source_, ": ", absl::StrJoin(parts, ", "),
                      "; all bytes of a line are its key",
                      mark_ || carriage_returns_ > 0
                          ? ", and dos2unix converts such a file"
                          : "");
}

void KeyBatch::EndKey() {
  if (separator_ != '\0') NoteOddities();
  bytes_ += partial_.size() + kWireBytesPerKey;
  // Assigns and clears instead of moving, so that both strings keep their
  // memory for the next key.
  keys_.Add()->assign(partial_);
  partial_.clear();
}

}  // namespace clockwise::cli
