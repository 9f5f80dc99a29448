// `clockwise import`: creates a ring from the configuration of another system.
#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <sstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/cli/command_line.h"
#include "client/cli/commands/apply.h"
#include "client/cli/commands/change.h"
#include "client/cli/config/config_difference.h"
#include "client/cli/config/ring_config.h"
#include "client/cli/confirm.h"
#include "client/cli/failure.h"
#include "client/cli/import/imported.h"
#include "client/cli/import/stated_owners.h"
#include "client/cli/input_file.h"
#include "client/cli/layout_options.h"
#include "client/cli/option_checks.h"
#include "client/cli/simulation.h"
#include "client/cli/tables/table.h"
#include "client/cli/text.h"
#include "service/api/refusal.h"
#include "service/api/validate.h"
#include "service/limits.h"
#include "service/ring/balance.h"
#include "service/ring/layout_settings.h"
#include "service/ring/next_ring.h"
#include "service/ring/ring.h"

namespace clockwise::cli {
namespace {

struct ImportOptions {
  std::string from;
  std::string source;  // a file, or memcached's servers
  std::string part;    // upstream, pool, backend
  std::string nginx_context;
  std::string distribution;
  std::vector<std::string> settings;
  uint32_t replicas = 0;
  bool plan = false;
  bool yes = false;
  std::string request_id;
};

absl::StatusOr<std::string> ReadSource(const std::string& path) {
  auto text = ReadInputFile(path, limits::kMaxImportBytes);
  if (!text.ok() || text->size() <= limits::kMaxImportBytes) return text;
  return BadUsage(absl::StrCat(path, ": the file has more than ",
                               Grouped(limits::kMaxImportBytes),
                               " bytes; split it"));
}

absl::StatusOr<Imported> Read(const ImportOptions& options) {
  const bool haproxy = options.from == "haproxy" || options.from == "haproxy_3";
  const bool parts = options.from != "memcached" &&
                     options.from != "cassandra" && options.from != "redis";
  if (parts && options.part.empty()) {
    const absl::string_view part = options.from == "nginx" ? "UPSTREAM"
                                   : haproxy               ? "BACKEND"
                                                           : "POOL";
    return BadUsage(absl::StrCat("--from=", options.from, ": ", part,
                                 " is missing; write FILE ", part));
  }
  if (!parts && !options.part.empty()) {
    return BadUsage(absl::StrCat("--from=", options.from,
                                 ": unexpected argument ", Quoted(options.part),
                                 "; write only SOURCE"));
  }
  if (options.from == "memcached") {
    return ReadMemcached(options.source, options.distribution);
  }
  if (!options.distribution.empty()) {
    return BadUsage("--distribution requires --from=memcached");
  }
  auto text = ReadSource(options.source);
  if (!text.ok()) return text.status();
  if (options.from == "nginx") {
    return ReadNginx(*text, options.source, options.part,
                     options.nginx_context);
  }
  if (!options.nginx_context.empty()) {
    return BadUsage("--nginx-context requires --from=nginx");
  }
  if (haproxy) {
    return ReadHaproxy(*text, options.source, options.part,
                       options.from == "haproxy_3" ? v1::LAYOUT_HAPROXY_3
                                                   : v1::LAYOUT_HAPROXY);
  }
  if (options.from == "twemproxy") {
    return ReadTwemproxy(*text, options.source, options.part);
  }
  if (options.from == "redis") return ReadRedisCluster(*text, options.source);
  return ReadCassandra(*text, options.source);
}

// Builds the ring of the first `count` nodes.
absl::StatusOr<std::shared_ptr<const Ring>> FirstNodes(const Imported& imported,
                                                       size_t count) {
  auto nodes = JoinedNodes(std::span(imported.nodes).first(count));
  if (!nodes.ok()) return nodes.status();
  return FirstRing(imported.spec, *std::move(nodes));
}

// Returns an error about a node in words for a file that has no such fields.
std::string InWordsOfTheFile(absl::string_view message) {
  constexpr std::pair<absl::string_view, absl::string_view> kWords[] = {
      {"hash_key: ", "the name that is hashed: "},
      {"zone: ", "the rack: "},
      {"address: ", "the address: "}};
  for (const auto& [field, words] : kWords) {
    if (absl::StartsWith(message, field)) {
      return absl::StrCat(words, message.substr(field.size()));
    }
  }
  return std::string(message);
}

// Builds the imported ring. If it is not valid, the error names the line of the
// first node with the fault.
absl::StatusOr<std::shared_ptr<const Ring>> ImportedRing(
    const Imported& imported) {
  auto built = FirstNodes(imported, imported.nodes.size());
  if (built.ok()) return built;
  const bool weightless = std::all_of(
      imported.nodes.begin(), imported.nodes.end(), [](const v1::Node& node) {
        return node.has_weight() && node.weight() == 0;
      });
  if (weightless && !imported.nodes.empty()) {
    return ImportFault(imported.places.front(), "all servers have weight 0");
  }
  const auto fails = [&](size_t count) {
    return FirstNodes(imported, count).status() == built.status();
  };
  size_t valid = 0;  // so many nodes do not have the fault, and `end` have it
  size_t end = imported.nodes.size();
  while (end - valid > 1) {
    const size_t middle = valid + (end - valid) / 2;
    (fails(middle) ? end : valid) = middle;
  }
  return ImportFault(imported.places[end - 1],
                     InWordsOfTheFile(built.status().message()));
}

void NoteStatedOwners(Imported& imported, bool chosen) {
  if (chosen || imported.owners.empty()) return;
  const size_t owners = imported.owners.front().addresses.size();
  if (owners < 2) return;
  imported.notes.push_back(absl::StrCat(
      "the first range has ", owners,
      " endpoints, and the ring 1 owner per key; choose with --replicas"));
}

// Builds the imported ring. No request is sent to a server before it is known
// that the ring is valid.
absl::StatusOr<std::shared_ptr<const Ring>> Build(const ImportOptions& options,
                                                  const std::string& ring,
                                                  Imported& imported) {
  v1::RingSpec& spec = imported.spec;
  spec.set_name(!ring.empty()          ? ring
                : options.part.empty() ? options.from
                                       : options.part);
  spec.set_replica_count(options.replicas);
  if (!options.settings.empty()) {
    auto failure = SetSettings(options.settings, spec);
    if (!failure.ok()) return failure;
  }
  const auto fault = [&](const absl::Status& status) {
    return BadUsage(absl::StrCat(options.source, ": ", status.message()));
  };
  auto normal = NormalizeSpec(spec);
  if (!normal.ok()) return fault(normal.status());
  spec = *std::move(normal);
  if (imported.nodes.size() > limits::kMaxChangesPerRequest) {
    return BadUsage(absl::StrCat(options.source, ": ", imported.nodes.size(),
                                 " servers; use at most ",
                                 limits::kMaxChangesPerRequest));
  }
  auto built = ImportedRing(imported);
  if (!built.ok()) return built;
  const bool chosen =
      options.replicas > 0 || !spec.settings().data_centre_replicas().empty();
  auto agrees = CheckStatedOwners(imported, **built, chosen);
  if (!agrees.ok()) return agrees;
  NoteStatedOwners(imported, chosen);
  return built;
}

std::string Understood(const Imported& imported, const Ring& ring,
                       const Terminal& terminal) {
  std::string text = absl::StrCat("ring  ", imported.spec.name(), ": ",
                                  SpecText(imported.spec), "\n",  //
                                  "key   ", Printable(imported.key), "\n");
  constexpr auto kRight = Table::Align::kRight;
  Table table({{"NODE"},
               {"ADDRESS"},
               {"HASHED AS"},
               {"ZONE"},
               {"WEIGHT", kRight},
               {"SHARE", kRight}});
  const std::vector<double> shares = Shares(Measure(ring));
  for (const v1::Node& asked : imported.nodes) {
    const size_t at = LowerBound(ring.nodes(), asked.id());
    const v1::Node& node = *ring.nodes()[at];
    table.AddRow(
        {node.id(), node.address(),
         node.points().empty() ? node.hash_key()
                               : absl::StrCat(node.points_size(), " tokens"),
         asked.zone(), absl::StrCat(node.weight()), Percent(shares[at], 2)},
        shares[at]);
  }
  absl::StrAppend(&text, table.Render(terminal));
  for (const std::string& note : imported.notes) {
    absl::StrAppend(&text, "note: ", Printable(note), "\n");
  }
  return text;
}

// Adds to the imported nodes what an operator has set on those of the ring, and
// what the other system does not have: labels, and zones.
void KeepOwnFields(const v1::Snapshot& ring, RingConfig& config) {
  std::map<absl::string_view, const v1::Node*> present;
  for (const v1::Node& node : ring.nodes()) present[node.id()] = &node;
  for (ConfigNode& stated : config.nodes) {
    const auto at = present.find(stated.node.id());
    if (at == present.end()) continue;
    *stated.node.mutable_labels() = at->second->labels();
    if (stated.node.zone().empty()) stated.node.set_zone(at->second->zone());
  }
}

// Returns the imported ring as the state that `clockwise apply` would read.
absl::StatusOr<RingConfig> StateOf(const Imported& imported,
                                   const std::string& source) {
  RingConfig config;
  config.source = source;
  config.has_spec = true;
  config.spec.spec = imported.spec;
  for (size_t i = 0; i < imported.nodes.size(); ++i) {
    auto node = NormalizeNode(imported.nodes[i]);
    if (!node.ok()) {
      return ImportFault(imported.places[i], node.status().message());
    }
    ConfigNode& stated = config.nodes.emplace_back();
    stated.node = *std::move(node);
    stated.lines.message = imported.places[i].line;
  }
  return config;
}

// Creates the ring, or gives it the state of the file; or plans that. The
// result must be exactly the ring that was read. Adds to `imported` the fields
// that the nodes of the ring keep.
absl::StatusOr<Applied> Make(const ImportOptions& options, Imported& imported,
                             const Ring& ring, Session& session) {
  auto config = StateOf(imported, options.source);
  if (!config.ok()) return config.status();
  Globals globals = session.globals;
  globals.ring = imported.spec.name();
  Session of_ring{globals, session.arguments, session.connection, session.out,
                  session.terminal};
  v1::GetRingRequest request;
  request.set_ring(globals.ring);
  v1::GetRingResponse present;
  const absl::Status found = session.connection.Call(
      &Connection::Stub::GetRing, request, &present, Retry::kFewTimes);
  if (found.ok()) {
    KeepOwnFields(present.snapshot(), *config);
    for (size_t i = 0; i < imported.nodes.size(); ++i) {
      const v1::Node& kept = config->nodes[i].node;
      imported.nodes[i].set_zone(kept.zone());
      *imported.nodes[i].mutable_labels() = kept.labels();
    }
  } else if (ReasonOf(found) != v1::ERROR_REASON_RING_NOT_FOUND) {
    return found;
  }
  ApplyOptions apply;
  apply.prune = true;
  apply.replace = true;
  apply.yes = options.yes;
  apply.change.reason = "clockwise import";
  apply.change.request_id = options.request_id;
  // Apply itself compares a new ring with its plan.
  if (!found.ok() && !options.plan) return Apply(apply, *config, of_ring);
  apply.change.plan = true;
  auto plan = Apply(apply, *config, of_ring);
  if (!plan.ok() || options.plan) return plan;
  if (!plan->created && present.snapshot().nodes().empty() &&
      plan->response.change().fingerprint() != ring.fingerprint()) {
    return OtherRing(globals.ring);
  }
  if (!plan->changes()) return plan;
  apply.change.plan = false;
  if (!plan->created) {
    apply.change.expected_epoch = plan->before.epoch();
    apply.change.expected_incarnation = plan->before.incarnation();
  }
  return Apply(apply, *config, of_ring);
}

// Returns the lines of the change, or of its plan, to a ring that existed.
std::string DifferenceText(const Applied& applied, const std::string& ring,
                           bool plan) {
  const v1::Change& change = applied.response.change();
  if (applied.created) return "";
  if (!applied.changes()) {
    return absl::StrCat("ring ", ring, " is already up to date (epoch ",
                        change.epoch(), ")\n");
  }
  return absl::StrCat(plan ? "would change" : "changed", " ring ", ring, ": ",
                      MovedText(change, plan), "\n",
                      ChangeLines(change, applied.before));
}

absl::Status Import(const ImportOptions& options, Session& session) {
  auto imported = Read(options);
  if (!imported.ok()) return imported.status();
  auto ring = Build(options, session.globals.ring, *imported);
  if (!ring.ok()) return ring.status();
  const std::string& name = imported->spec.name();
  auto made = Make(options, *imported, **ring, session);
  std::string difference;
  if (made.ok()) {
    difference = DifferenceText(*made, name, options.plan);
  } else if (options.plan &&
             made.status().code() == absl::StatusCode::kUnavailable) {
    difference = absl::StrCat(
        "note: no server answered, so this plan is that of a new ring\n");
  } else {
    return Advise(session, made.status(), name, "");
  }
  v1::Change change;
  if (made.ok() && !options.plan) change = made->response.change();
  if (session.globals.json()) {
    v1::Snapshot snapshot;
    snapshot.set_epoch(change.epoch());
    snapshot.set_incarnation(change.incarnation());
    snapshot.set_fingerprint((*ring)->fingerprint());
    *snapshot.mutable_spec() = (*ring)->spec();
    for (const NodePtr& node : (*ring)->nodes()) *snapshot.add_nodes() = *node;
    for (const v1::Node& kept : imported->nodes) {
      v1::Node& node = *snapshot.mutable_nodes(
          static_cast<int>(LowerBound((*ring)->nodes(), kept.id())));
      node.set_zone(kept.zone());
      *node.mutable_labels() = kept.labels();
    }
    const std::vector<double> shares = Shares(Measure(**ring));
    snapshot.mutable_shares()->Assign(shares.begin(), shares.end());
    absl::Status written = session.out.WriteJson(snapshot);
    if (!written.ok() || !made.ok() || made->created) return written;
    return session.out.WriteJson(made->response);  // the difference
  }
  return session.out.Write(absl::StrCat(
      options.plan ? "plan (nothing changed)\n" : "",
      Understood(*imported, **ring, session.terminal), difference,
      options.plan || (made.ok() && !made->changes())
          ? ""
          : absl::StrCat("imported: epoch ", change.epoch(), "\n")));
}

}  // namespace

void AddImportCommand(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<ImportOptions>();
  CLI::App* import =
      app.add_subcommand("import", "Create the ring of another system");
  import
      ->add_option("--from", options->from,
                   "System that the configuration belongs to")
      ->type_name("")
      ->required()
      ->check(CLI::IsMember({"nginx", "twemproxy", "haproxy", "haproxy_3",
                             "memcached", "cassandra", "redis"}));
  import
      ->add_option(
          "SOURCE", options->source,
          "File, or - for standard input; for memcached HOST:PORT:WEIGHT,...")
      ->type_name("")
      ->required();
  import
      ->add_option("PART", options->part,
                   "Upstream of nginx, pool of twemproxy, backend of haproxy")
      ->type_name("");
  import
      ->add_option("--distribution", options->distribution,
                   "memcached: distribution of the client (default: ketama)")
      ->type_name("")
      ->check(CLI::IsMember({"ketama", "ketama_weighted", "spy", "modula"}));
  import
      ->add_option("--nginx-context", options->nginx_context,
                   "nginx: the block that contains the upstream")
      ->type_name("")
      ->check(CLI::IsMember({"http", "stream"}));
  AddSetOption(import, options->settings);
  import
      ->add_option("--replicas", options->replicas,
                   "Owners per key, 1 to 64 (default: 1)")
      ->type_name("N")
      ->check(WholeNumber(1, limits::kMaxReplicas));
  import->add_flag("--plan", options->plan,
                   "Show the ring and what would change, without changing it");
  AddYesFlag(import, options->yes);
  AddRequestIdOption(import, options->request_id);
  import->footer(
      "The name of the ring is --ring, else PART, else --from. A line that\n"
      "cannot be imported is an error. If the ring exists, nodes are added,\n"
      "updated and removed until it has the nodes of the file; labels stay,\n"
      "and so do zones that the other system does not have.\n"
      "\n"
      "HAProxy 3.0 changed `hash-type consistent`: haproxy_3 imports 3.0 and\n"
      "later, haproxy imports older versions.\n"
      "\n"
      "Examples:\n"
      "  clockwise import --from=nginx /etc/nginx/nginx.conf cache --plan\n"
      "  clockwise import --from=twemproxy nutcracker.yml alpha\n"
      "  clockwise import --from=haproxy_3 haproxy.cfg static\n"
      "  clockwise import --from=memcached 10.0.0.1:11211:2,10.0.0.2:11211\n"
      "  nodetool ring > ring.txt\n"
      "  clockwise import --from=cassandra ring.txt --replicas=3\n"
      "  redis-cli cluster nodes | clockwise import --from=redis -");
  OnChosen(import, line, options, Import);
}

}  // namespace clockwise::cli
