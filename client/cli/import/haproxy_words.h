// HAProxy's configuration language as far as an import needs it: how a line is
// parted, which words begin a section, and which directives and parameters do
// not touch which server a key goes to. Stateless.
#ifndef CLOCKWISE_CLIENT_CLI_IMPORT_HAPROXY_WORDS_H_
#define CLOCKWISE_CLIENT_CLI_IMPORT_HAPROXY_WORDS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/import/imported.h"

namespace clockwise::cli {

// The words of a line, without its comment, quotes and escapes.
absl::StatusOr<std::vector<std::string>> HaproxyWords(absl::string_view line,
                                                      const SourceLine& place);

bool IsHaproxySection(absl::string_view word);

// Of a backend: what leaves placement as it is.
bool IsHaproxyHarmless(absl::string_view directive);

// How many words follow a parameter of `server`; nothing if it is not known, or
// would change where keys go.
std::optional<size_t> HaproxyServerArguments(absl::string_view parameter);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_IMPORT_HAPROXY_WORDS_H_
