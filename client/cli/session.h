// Session is the environment of a command: the global options, the server and
// the output.
#ifndef CLOCKWISE_CLIENT_CLI_SESSION_H_
#define CLOCKWISE_CLIENT_CLI_SESSION_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/cli/connection.h"
#include "client/cli/output.h"
#include "client/cli/terminal.h"
#include "clockwise/options.h"

namespace clockwise::cli {

// Options that every command has.
struct Globals {
  std::string server = "127.0.0.1:7400";
  Tls tls;
  std::string ring;  // empty: "default"
  std::string output = "table";
  std::string actor;  // states who makes a change; empty: user and host
  double timeout_seconds = 10;
  std::string context;  // the one in use; empty: none
  bool server_of_context = false;
  bool credentials_of_context = false;  // a TLS option, or the token

  // True if the command prints JSON, which Output converts for yaml.
  bool json() const { return output == "json" || yaml(); }
  bool yaml() const { return output == "yaml"; }
  bool wide() const { return output == "wide"; }
};

struct Session {
  const Globals& globals;
  const std::vector<std::string>& arguments;  // without the program's name
  Connection& connection;
  Output& out;
  const Terminal terminal;  // the terminal of standard output
};

// A command with its options bound.
using Command = std::function<absl::Status(Session&)>;

// Writes a message line to standard error.
void Say(absl::string_view text);

// Reads the ring of the global options at `epoch`; 0 means the newest.
absl::Status GetRing(Session& session, uint64_t epoch,
                     v1::GetRingResponse* response);

// Returns when and by whom the deleted ring `ring` was deleted, and the command
// that restores it; empty if the server does not keep it.
std::string DeletedRingHint(Session& session, absl::string_view ring);

// Writes a ring as JSON (RingJson).
absl::Status WriteRing(const v1::Snapshot& snapshot, Session& session);

// Adds advice to a server's error. Unknown node `node_id`: the nearest ids.
// Unknown ring `ring`: its deletion, or the nearest names. Other errors: the
// next step. Requests the names from the server at most once.
absl::Status Advise(Session& session, absl::Status failure,
                    absl::string_view ring, absl::string_view node_id);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_SESSION_H_
