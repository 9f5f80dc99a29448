// The language of HAProxy's configuration: how a line is split into words,
// which words begin a section, and which directives and parameters do not
// affect placement. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_IMPORT_HAPROXY_LANGUAGE_H_
#define CLOCKWISE_CLIENT_CLI_IMPORT_HAPROXY_LANGUAGE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/import/imported.h"

namespace clockwise::cli {

struct HaproxyLine {
  std::vector<std::string> words;
  // The first environment variable that HAProxy replaces on this line, with its
  // "$". Empty if there is none. The words contain its name, not its value.
  std::string variable;
};

// Splits a line into words, without comments, quotes and escapes.
absl::StatusOr<HaproxyLine> ParseHaproxyLine(absl::string_view line,
                                             const SourceLine& place);

// True if the word begins a section in any version of HAProxy.
bool IsHaproxySection(absl::string_view word);

// Returns the section that the line is meant to begin, if its word differs from
// it in case or in a final "s"; else "". Without this check, the lines of such
// a section would belong to the section above.
absl::string_view MisspeltHaproxySection(const std::vector<std::string>& words);

// True if HAProxy permits the text as the name of a server.
bool IsHaproxyName(absl::string_view text);

// True if a line of a backend, or of `defaults`, does not affect placement.
bool IsHaproxyHarmless(const std::vector<std::string>& words);

// Returns the number of values of a parameter of `server`; nullopt if it is
// unknown or would affect placement.
std::optional<size_t> HaproxyServerArguments(absl::string_view parameter);

// Rejects an address of `server` that is not a host, IP address or socket.
[[nodiscard]] absl::Status CheckHaproxyAddress(const SourceLine& place,
                                               absl::string_view address);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_IMPORT_HAPROXY_LANGUAGE_H_
