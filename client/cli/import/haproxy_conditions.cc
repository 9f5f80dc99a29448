#include "client/cli/import/haproxy_conditions.h"

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/limits.h"

namespace clockwise::cli {

absl::Status HaproxyConditions::Read(absl::string_view word,
                                     const SourceLine& place) {
  if (word == ".notice" || word == ".warning" || word == ".alert" ||
      word == ".diag") {
    return absl::OkStatus();
  }
  if (word == ".if") {
    if (open_.size() == limits::kMaxImportDepth) {
      return ImportFault(place,
                         absl::StrCat("more than ", limits::kMaxImportDepth,
                                      " nested conditions"));
    }
    open_.push_back({place, sections_});
    return absl::OkStatus();
  }
  if (word != ".elif" && word != ".else" && word != ".endif") {
    return ImportFault(
        place, absl::StrCat("directive ", Quoted(word), " is not supported"));
  }
  if (open_.empty() || (open_.back().has_else && word != ".endif")) {
    return ImportFault(place, absl::StrCat(word, " has no matching .if"));
  }
  Open& open = open_.back();
  open.after |= sections_;
  if (word == ".endif") {
    // Without `.else`, it is possible that no branch applies.
    sections_ = open.after | (open.has_else ? 0 : open.before);
    last_ = open.place;
    open_.pop_back();
  } else {
    open.has_else = word == ".else";
    sections_ = open.before;
  }
  return absl::OkStatus();
}

absl::Status HaproxyConditions::End() const {
  if (open_.empty()) return absl::OkStatus();
  return ImportFault(open_.back().place,
                     ".if has no matching .endif; the file may be truncated");
}

absl::Status HaproxyConditions::Fault(const SourceLine& place,
                                      absl::string_view what) const {
  return ImportFault(
      open_.empty() ? last_ : open_.back().place,
      absl::StrCat("the condition decides whether ", Quoted(what), " of line ",
                   place.line, " applies; keep only the lines that apply"));
}

}  // namespace clockwise::cli
