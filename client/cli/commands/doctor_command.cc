// `clockwise doctor`: checks all servers and shows one screen.
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/cli/command_line.h"
#include "client/cli/commands/doctor.h"
#include "client/cli/failure.h"
#include "client/cli/option_checks.h"
#include "client/cli/tables/table.h"
#include "client/cli/text.h"
#include "client/lib/credentials.h"
#include "service/api/json.h"
#include "service/api/listen_address.h"
#include "service/limits.h"
#include "service/ring/balance.h"

namespace clockwise::cli {
namespace {

// A change reaches all servers within milliseconds.
constexpr int kLooks = 3;
constexpr absl::Duration kBetweenLooks = absl::Seconds(1);
constexpr size_t kMostExamined =
    limits::kMaxServerAddresses + limits::kMaxListedServers;

struct DoctorOptions {
  std::vector<std::string> servers;  // empty: those of --server
  bool named_only = false;
};

Examined Examine(const std::string& server, const Session& session,
                 const std::shared_ptr<CredentialsSource>& credentials) {
  const Globals& globals = session.globals;
  Connection connection(
      {server, globals.tls, absl::Seconds(globals.timeout_seconds),
       globals.server_of_context ? globals.context : "",
       globals.credentials_of_context ? globals.context : ""},
      credentials);
  Examined examined;
  examined.server = server;
  // The first call includes the time to connect, which would distort the
  // comparison of clocks.
  for (int i = 0; i < 2 && examined.failure.ok(); ++i) {
    examined.asked_at = absl::Now();
    examined.failure =
        connection.Call(&Connection::Stub::GetStatus, v1::GetStatusRequest(),
                        &examined.status, Retry::kNever);
    examined.answered_at = absl::Now();
  }
  if (!examined.failure.ok()) examined.status.Clear();
  for (const v1::RingStatus& ring : examined.status.rings()) {
    if (ring.balance().peak_to_mean() <= kEvenPeak) continue;
    v1::GetRingRequest request;
    request.set_ring(ring.info().spec().name());
    request.set_include_points(true);
    v1::GetRingResponse response;
    // If it fails, the ring is judged as one without points.
    if (connection.Call(&Connection::Stub::GetRing, request, &response).ok()) {
      examined.expected_peaks[ring.info().spec().name()] =
          ExpectedPeak(response.snapshot());
    }
  }
  return examined;
}

// Examines a server of the store's list.
Examined ExamineListed(const v1::StoreServer& server, const Session& session,
                       const std::shared_ptr<CredentialsSource>& credentials) {
  Examined one;
  // The list is from another program. Addresses of other forms would reach
  // more than one server.
  absl::Status status = CheckAdvertised(server.address());
  if (status.ok()) {
    one = Examine(server.address(), session, credentials);
    if (one.failure.ok() && one.status.instance() != server.instance()) {
      one.status.Clear();
      one.failure = AnotherServerAnswers();
    }
  } else {
    one.failure = std::move(status);
  }
  one.server = server.address();
  one.listed = true;
  return one;
}

// Examines the servers with these names, and unless `named_only` those that
// their store lists, each server once.
std::vector<Examined> ExamineAll(
    const std::vector<std::string>& names, bool named_only,
    const Session& session,
    const std::shared_ptr<CredentialsSource>& credentials) {
  std::vector<Examined> found;
  std::set<uint64_t> seen;  // instances
  for (const std::string& name : names) {
    Examined one = Examine(name, session, credentials);
    const uint64_t instance = one.status.instance();
    // Several names may lead to one server. Version 0.1.0 has no instance.
    if (instance == 0 || seen.insert(instance).second) {
      found.push_back(std::move(one));
    }
  }
  if (named_only) return found;
  // The list of a server that was found here may have others. Those of one list
  // are examined at once, so that dead ones cost one timeout together.
  for (size_t at = 0; at < found.size(); ++at) {
    std::vector<std::future<Examined>> others;
    for (const v1::StoreServer& server : found[at].status.store_servers()) {
      if (found.size() + others.size() < kMostExamined &&
          seen.insert(server.instance()).second) {
        others.push_back(
            std::async(std::launch::async, [&session, &credentials, server] {
              return ExamineListed(server, session, credentials);
            }));
      }
    }
    found.reserve(found.size() + others.size());
    for (std::future<Examined>& other : others) found.push_back(other.get());
  }
  return found;
}

std::string Day(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%d UTC", absl::FromUnixSeconds(time.seconds()),
                          absl::UTCTimeZone());
}

std::string StateOf(const v1::GetStatusResponse& status) {
  if (status.draining()) return "draining";
  return status.ready() ? "serving" : "not loaded";
}

std::string StoreStateOf(const v1::GetStatusResponse& status) {
  if (!status.store_distrust().empty()) return "not trusted";
  if (!status.store_up()) return "down";
  return status.has_store_refusal_time() ? "refuses changes" : "up";
}

std::string ServerTable(const std::vector<Examined>& servers,
                        const Terminal& terminal) {
  Table table({{"SERVER"},
               {"STATE"},
               {"VERSION"},
               {"STORE"},
               {"CONFIRMED", Table::Align::kRight},
               {"CLOCK", Table::Align::kRight},
               {"CERTIFICATE"},
               {"WATCHERS", Table::Align::kRight}});
  for (const Examined& one : servers) {
    if (!one.failure.ok()) {
      table.AddRow({one.server, "not reached", "-", "-", "-", "-", "-", "-"});
      continue;
    }
    const v1::GetStatusResponse& status = one.status;
    const absl::Duration error = ClockError(one);
    table.AddRow(
        {one.server, StateOf(status), status.version(), StoreStateOf(status),
         absl::StrFormat("%.1f s ago",
                         static_cast<double>(status.unconfirmed_ms()) / 1000),
         absl::StrFormat("%+.1f s", absl::ToDoubleSeconds(error)),
         status.has_certificate_expire_time()
             ? "until " + Day(status.certificate_expire_time())
             : "none",
         Grouped(status.watch_stream_count())});
  }
  return table.Render(terminal);
}

std::string RingTable(const std::vector<Examined>& servers,
                      const Terminal& terminal) {
  Table table({{"RING"},
               {"SERVER"},
               {"EPOCH", Table::Align::kRight},
               {"FINGERPRINT"},
               {"NODES", Table::Align::kRight},
               {"FULLEST", Table::Align::kRight}});
  for (const Examined& one : servers) {
    for (const v1::RingStatus& ring : one.status.rings()) {
      table.AddRow({ring.info().spec().name(), one.server,
                    absl::StrCat(ring.info().epoch()),
                    absl::StrFormat("%016x", ring.info().fingerprint()),
                    Grouped(ring.info().node_count()),
                    absl::StrFormat("%.3f", ring.balance().peak_to_mean())});
    }
  }
  return table.Render(terminal);
}

absl::Status WriteJsonLines(const std::vector<Examined>& servers,
                            const std::vector<std::string>& problems,
                            Output& out) {
  for (const Examined& one : servers) {
    absl::StatusOr<std::string> status = "null";
    if (one.failure.ok()) status = ToJson(one.status);
    if (!status.ok()) return status.status();
    absl::Status written =
        out.Write(absl::StrCat("{\"server\":", JsonString(one.server),
                               ",\"status\":", *status, "}\n"));
    if (!written.ok()) return written;
  }
  std::string list;
  for (const std::string& problem : problems) {
    absl::StrAppend(&list, list.empty() ? "" : ",",
                    JsonString(Printable(problem)));
  }
  return out.Write(absl::StrCat("{\"problems\":[", list, "]}\n"));
}

absl::Status WriteScreen(const std::vector<Examined>& servers,
                         const std::vector<std::string>& problems,
                         bool named_only, const Terminal& terminal,
                         Output& out) {
  std::string text = absl::StrCat(ServerTable(servers, terminal), "\n",
                                  RingTable(servers, terminal), "\n");
  for (const std::string& problem : problems) {
    absl::StrAppend(&text, "✗ ", Printable(problem), "\n");
  }
  if (problems.empty()) {
    absl::StrAppend(&text, WellLine(servers, named_only), "\n");
  }
  return out.Write(text);
}

absl::Status Run(const DoctorOptions& options, Session& session) {
  std::vector<std::string> names;
  for (const std::string& servers : options.servers) {
    for (std::string& name : ServersOf(servers)) {
      names.push_back(std::move(name));
    }
  }
  if (names.empty()) names = ServersOf(session.globals.server);
  const auto credentials = client::OpenCredentials(session.globals.tls);
  if (!credentials.ok()) return BadUsage(credentials.status().message());
  std::vector<Examined> servers;
  for (int look = 0; look < kLooks; ++look) {
    if (look > 0) absl::SleepFor(kBetweenLooks);
    servers = ExamineAll(names, options.named_only, session, *credentials);
    if (!MayPass(servers)) break;
  }
  const std::vector<std::string> problems = Problems(servers);
  if (!session.globals.context.empty()) {
    Say(absl::StrCat("context ", session.globals.context));
  }
  absl::Status written =
      session.globals.json()
          ? WriteJsonLines(servers, problems, session.out)
          : WriteScreen(servers, problems, options.named_only, session.terminal,
                        session.out);
  if (!written.ok() || problems.empty()) return written;
  for (const Examined& one : servers) {
    if (one.failure.ok()) {
      return WithHint(
          absl::FailedPreconditionError(absl::StrCat(
              problems.size(), " problem", problems.size() == 1 ? "" : "s")),
          "see deploy/runbooks.md");
    }
  }
  // The list of problems has each server and its reason already.
  const absl::Status& failure = servers.front().failure;
  absl::Status none(failure.code(), "no server was reached");
  failure.ForEachPayload([&](absl::string_view url, const absl::Cord& value) {
    none.SetPayload(url, value);
  });
  return none;
}

}  // namespace

void AddDoctorCommand(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<DoctorOptions>();
  CLI::App* command = app.add_subcommand(
      "doctor", "Check whether servers are healthy and agree");
  command
      ->add_option("SERVER", options->servers,
                   "Addresses of servers (default: --server)")
      ->transform(ServerAddresses())
      ->expected(0, static_cast<int>(limits::kMaxServerAddresses));
  command->add_flag("--named-only", options->named_only,
                    "Do not examine the other servers of their store");
  OnChosen(command, line, options, Run);
}

}  // namespace clockwise::cli
