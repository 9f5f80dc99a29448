// The options that lead to a server and a ring. Each can be a flag, an
// environment variable or a field of a context. Thread-compatible.
//
// Order of precedence: the flag, the context that --context names, the
// environment variable, the context of CLOCKWISE_CONTEXT or else the current
// one (`clockwise context use`), the default. --tls-cert and --tls-key come
// from one source together.
#ifndef CLOCKWISE_CLIENT_CLI_CONNECTION_SETTINGS_H_
#define CLOCKWISE_CLIENT_CLI_CONNECTION_SETTINGS_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/cli/contexts.h"
#include "client/cli/session.h"

namespace clockwise::cli {

struct ConnectionSetting {
  std::string name;         // "tls-ca"
  std::string environment;  // "CLOCKWISE_TLS_CA"
  bool is_file = false;
  CLI::Option* option = nullptr;
  CLI::Validator check;
  std::function<void(const std::string& value)> assign;
};

// The source of a value, the nearest first.
enum class ValueSource : int {
  kFlag,
  kNamedContext,
  kVariable,
  kContext,
  kDefault
};

class ConnectionSettings {
 public:
  // Adds the options to `app`. Both must outlive the settings.
  ConnectionSettings(CLI::App& app, Globals& globals);

  // Completes the globals after parsing. Bad usage: a variable or a context is
  // not valid; the message names it. Or the options do not fit together.
  [[nodiscard]] absl::Status Resolve();

  // Returns the user's contexts.
  absl::StatusOr<Contexts> Read() const;

  // Returns the name of the context in use: that of --context, of
  // CLOCKWISE_CONTEXT, or of `context use`; empty if there is none.
  std::string NameInUse(const Contexts& contexts) const;

  // Returns the options that are flags of this command line, as a context keeps
  // them: names of files are absolute, and an empty value removes the option.
  Context Given() const;

 private:
  // Returns what is wrong with a value; empty if nothing is.
  std::string Check(const std::string& name, const std::string& value) const;
  // Sets globals_.context, and returns the context in use, if there is one.
  absl::StatusOr<Context> ContextInUse();
  absl::Status ApplyFirst(const std::vector<const ConnectionSetting*>& group,
                          const Context& context);
  absl::Status ApplyEnvironment(const ConnectionSetting& setting);
  // Turns TLS off if the nearest source says so.
  absl::Status ResolveTls();
  absl::Status CheckTls() const;
  // Returns the source of the value of `name`, for an error: "--tls-cert".
  std::string SourceOf(absl::string_view name) const;

  Globals& globals_;
  std::vector<ConnectionSetting> settings_;
  CLI::Option* context_option_ = nullptr;
  std::map<std::string, std::string, std::less<>> sources_;  // for errors
  std::map<std::string, ValueSource, std::less<>> ranks_;
};

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_CONNECTION_SETTINGS_H_
