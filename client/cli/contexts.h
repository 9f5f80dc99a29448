// Contexts are named sets of connection options, kept in a file of the user:
// $XDG_CONFIG_HOME/clockwise/contexts.yaml (default: ~/.config/clockwise).
// The file has only names of files, never the contents of a token or a key.
//
//   current: prod
//   contexts:
//     prod:
//       server: 10.0.0.7:7400,10.0.0.8:7400
//       tls-ca: /etc/clockwise/ca.pem
//
// Values.
#ifndef CLOCKWISE_CLIENT_CLI_CONTEXTS_H_
#define CLOCKWISE_CLIENT_CLI_CONTEXTS_H_

#include <map>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace clockwise::cli {

// The value of an option, and its line in the file; 0: not from the file.
struct ContextValue {
  std::string text;
  int line = 0;
};

// The options of one context, by name: "tls-ca".
using Context = std::map<std::string, ContextValue>;

struct Contexts {
  std::string path;     // of the file; empty: the user has no home
  std::string current;  // name of the context in use; empty: none
  std::map<std::string, Context> all;
};

// Returns what is wrong with the value of an option; empty if nothing is. The
// result for an unknown option begins with "is not known".
using CheckValue = absl::FunctionRef<std::string(const std::string& option,
                                                 const std::string& value)>;

// Reads the user's file; without a file there are no contexts. Bad usage: the
// file cannot be read, or is not understood; the message begins with its path
// and the line.
absl::StatusOr<Contexts> ReadContexts(CheckValue check);

// Replaces the file, and creates its folder. Bad usage: there is no home, or
// there are more than limits::kMaxContexts contexts. INTERNAL: it cannot be
// written.
[[nodiscard]] absl::Status WriteContexts(const Contexts& contexts);

// Returns the context `name`. Bad usage: there is none; the message names
// `source`, which asks for it, and the hint names the nearest contexts.
absl::StatusOr<Context> FindContext(const Contexts& contexts,
                                    const std::string& name,
                                    absl::string_view source);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_CONTEXTS_H_
