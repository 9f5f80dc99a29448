// HaproxyConditions follows `.if`, `.elif`, `.else` and `.endif` of a
// configuration of HAProxy. Conditions are not evaluated: their result depends
// on the version and environment of the other program. The class knows whether
// a line applies for certain, and in which sections it may be.
// Thread-compatible.
#ifndef CLOCKWISE_CLIENT_CLI_IMPORT_HAPROXY_CONDITIONS_H_
#define CLOCKWISE_CLIENT_CLI_IMPORT_HAPROXY_CONDITIONS_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/cli/import/imported.h"

namespace clockwise::cli {

class HaproxyConditions {
 public:
  // The sections that the reader distinguishes.
  enum Section : unsigned { kOther = 1, kDefaults = 2, kBackend = 4 };

  // Reads a line that begins with ".".
  absl::Status Read(absl::string_view word, const SourceLine& place);

  // Returns an error if a condition is open at the end of the file.
  [[nodiscard]] absl::Status End() const;

  void Enter(Section section) { sections_ = section; }

  // True if the current line may be in `section`.
  bool MayBeIn(Section section) const { return (sections_ & section) != 0; }

  // True if the line is outside of all conditions.
  bool Unconditional() const { return open_.empty(); }

  // True if the line applies, and its section is known.
  bool Certain() const {
    return open_.empty() && (sections_ & (sections_ - 1)) == 0;
  }

  // Returns the error for a line that a condition decides. Its place is that of
  // the condition.
  absl::Status Fault(const SourceLine& place, absl::string_view what) const;

 private:
  struct Open {
    SourceLine place;
    unsigned before = 0;  // the sections before `.if`
    unsigned after = 0;   // the sections at the ends of the branches so far
    bool has_else = false;
  };

  std::vector<Open> open_;
  unsigned sections_ = kOther;
  SourceLine last_;  // the last condition
};

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_IMPORT_HAPROXY_CONDITIONS_H_
