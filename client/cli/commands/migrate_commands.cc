// `clockwise migrate plan|start|end`: migrates a ring to another layout.
#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/command_line.h"
#include "client/cli/commands/change.h"
#include "client/cli/commands/migration.h"
#include "client/cli/failure.h"
#include "client/cli/layout_options.h"
#include "client/cli/option_checks.h"
#include "client/cli/tables/moves_report.h"
#include "client/cli/text.h"
#include "service/limits.h"
#include "service/ring/layout.h"

namespace clockwise::cli {
namespace {

struct MigrateOptions {
  std::string ring;
  std::string name;  // name of the new ring
  std::string to = "partitioned";
  std::string keys;
  uint32_t virtual_nodes = 0;
  uint32_t partition_bits = 0;
  uint32_t replicas = 0;
  ChangeOptions change;
};

v1::RingSpec TargetSpec(const MigrateOptions& options) {
  v1::RingSpec spec;
  spec.set_name(options.name.empty() ? absl::StrCat(options.ring, "-next")
                                     : options.name);
  spec.set_layout(*ParseLayout(options.to));  // was checked
  spec.set_virtual_node_count(options.virtual_nodes);
  spec.set_partition_bits(options.partition_bits);
  spec.set_replica_count(options.replicas);
  spec.set_migrating_from(options.ring);
  return spec;
}

absl::StatusOr<Migration> PlanFor(const MigrateOptions& options,
                                  Session& session) {
  v1::RingSpec spec = TargetSpec(options);
  absl::Status failure = CheckLayoutOptions(spec);
  if (!failure.ok()) return failure;
  v1::GetRingRequest request;
  request.set_ring(options.ring);
  v1::GetRingResponse response;
  failure =
      session.connection.Call(&Connection::Stub::GetRing, request, &response);
  if (!failure.ok()) return Advise(session, failure, options.ring, "");
  // Without --replicas, keys have as many owners as now.
  if (spec.replica_count() == 0) {
    spec.set_replica_count(response.snapshot().spec().replica_count());
  }
  return PlanMigration(response.snapshot(), spec);
}

std::string KeysReport(const KeyMoves& moves, const std::string& source,
                       const Terminal& terminal) {
  std::string text = absl::StrCat(
      "of ", Grouped(moves.keys), " keys",
      source.find_first_not_of("0123456789") == std::string::npos
          ? ""
          : absl::StrCat(" in ", Printable(source)),
      ", ", Grouped(moves.moved), " get another primary (",
      Percent(static_cast<double>(moves.moved) /
              static_cast<double>(std::max<uint64_t>(1, moves.keys))),
      ")\n");
  return absl::StrCat(text, TransferCounts(moves, terminal));
}

// Returns the command that starts the planned migration.
std::string StartLine(const MigrateOptions& options,
                      const Migration& migration) {
  std::string line = absl::StrCat(
      "clockwise migrate start ", ShellWord(options.ring), " ",
      ShellWord(migration.after->spec().name()), " --to=", options.to);
  const std::pair<const char*, uint32_t> numbers[] = {
      {"virtual-nodes", options.virtual_nodes},
      {"partition-bits", options.partition_bits},
      {"replicas", options.replicas}};
  for (const auto& [name, number] : numbers) {
    if (number != 0) absl::StrAppend(&line, " --", name, "=", number);
  }
  return line;
}

absl::Status Plan(const MigrateOptions& options, Session& session) {
  auto migration = PlanFor(options, session);
  if (!migration.ok()) return migration.status();
  KeyMoves moves;
  if (!options.keys.empty()) {
    auto counted = CountKeys(*migration, options.keys);
    if (!counted.ok()) return counted.status();
    moves = *std::move(counted);
  }
  const v1::CompareEpochsResponse& report = migration->report;
  if (session.globals.json()) {
    auto failure = session.out.WriteJson(report);
    if (!failure.ok() || options.keys.empty()) return failure;
    return session.out.Write(KeyMovesJson(moves));
  }
  std::string text = absl::StrCat(
      "plan (nothing changed): ring ", options.ring, " at epoch ",
      report.from_epoch(), "\n  from  ", SpecText(migration->before->spec()),
      "\n  to    ", SpecText(migration->after->spec()), "\n",
      Percent(report.comparison().moved_ratio()), " of the keys",
      migration->after->spec().replica_count() > 1 ? " × owners" : "",
      " would move\n", MovesReport(report.comparison(), session.terminal));
  if (!migration->alike) {
    absl::StrAppend(&text,
                    "(the two layouts hash keys independently: the fraction of "
                    "each pair is the\n product of their shares; primaries "
                    "only)\n");
  }
  if (!options.keys.empty()) {
    absl::StrAppend(&text, KeysReport(moves, options.keys, session.terminal));
  }
  absl::StrAppend(&text, "to start it: ", StartLine(options, *migration), "\n");
  return session.out.Write(text);
}

absl::Status Start(const MigrateOptions& options, Session& session) {
  auto migration = PlanFor(options, session);
  if (!migration.ok()) return migration.status();
  v1::CreateRingRequest create;
  *create.mutable_spec() = migration->after->spec();
  for (v1::Node& node : migration->nodes) *create.add_nodes() = std::move(node);
  create.set_request_id(options.change.request_id.empty()
                            ? NewRequestId()
                            : options.change.request_id);
  create.set_reason(absl::StrCat("migrating from ", options.ring));
  v1::CreateRingResponse created;
  absl::Status failure = session.connection.Call(
      &Connection::Stub::CreateRing, create, &created, Retry::kFewTimes);
  if (IsUncertain(failure)) {
    return AdviseChange(session, std::move(failure), {}, create.request_id(),
                        /*plan=*/false);
  }
  if (!failure.ok()) return Advise(session, failure, options.ring, "");
  if (session.globals.json()) return session.out.WriteJson(created);
  const std::string& name = create.spec().name();
  return session.out.Write(absl::StrCat(
      "ring ", name, ": ", SpecText(create.spec()), "; epoch ",
      created.ring().epoch(), ", ", migration->after->nodes().size(),
      " nodes\nlook-ups in this ring also return the owners in ", options.ring,
      ", until you run: clockwise migrate end ", ShellWord(name), "\n"));
}

absl::Status End(const MigrateOptions& options, Session& session) {
  v1::EndMigrationRequest request;
  request.set_ring(options.ring);
  request.set_request_id(options.change.request_id.empty()
                             ? NewRequestId()
                             : options.change.request_id);
  request.set_expected_epoch(options.change.expected_epoch);
  request.set_expected_incarnation(options.change.expected_incarnation);
  request.set_validate_only(options.change.plan);
  request.set_reason(options.change.reason);
  v1::EndMigrationResponse response;
  absl::Status failure = session.connection.Call(
      &Connection::Stub::EndMigration, request, &response, Retry::kFewTimes);
  if (IsUncertain(failure)) {
    return AdviseChange(session, std::move(failure), {}, request.request_id(),
                        options.change.plan);
  }
  if (!failure.ok()) return Advise(session, failure, options.ring, "");
  if (session.globals.json()) return session.out.WriteJson(response);
  const v1::Change& change = response.change();
  const std::string& from = change.ended_migration_from();
  return session.out.Write(absl::StrCat(
      options.change.plan ? "plan (nothing changed)\n" : "", "ring ",
      options.ring,
      from.empty() ? " has no migration"
                   : absl::StrCat(options.change.plan ? " would no longer "
                                                        "migrate from "
                                                      : " no longer migrates "
                                                        "from ",
                                  from),
      ": epoch ", change.epoch(), "\n"));
}

void AddTargetOptions(CLI::App* command, MigrateOptions& options) {
  command->add_option("--to", options.to, "New layout (default: partitioned)")
      ->type_name("")
      ->check(CLI::IsMember({"partitioned", "hashed"}));
  command
      ->add_option(
          "--virtual-nodes", options.virtual_nodes,
          "hashed: points per unit of weight, 1 to 65536 (default: 160)")
      ->type_name("N")
      ->check(WholeNumber(1, limits::kMaxVirtualNodes));
  AddPartitionBitsOption(command, options.partition_bits);
  command
      ->add_option("--replicas", options.replicas,
                   "Owners per key (default: as in RING)")
      ->type_name("N")
      ->check(WholeNumber(1, limits::kMaxReplicas));
}

CLI::Option* AddRingName(CLI::App* command, const char* name,
                         std::string& value, const char* what) {
  return command->add_option(name, value, what)
      ->type_name("")
      ->required()
      ->check(Text(limits::kMaxIdBytes));
}

}  // namespace

void AddMigrateCommands(CLI::App& app, CommandLine& line) {
  CLI::App* migrate =
      app.add_subcommand("migrate", "Move a ring to another layout");
  migrate->require_subcommand(1);

  auto planned = std::make_shared<MigrateOptions>();
  CLI::App* plan = migrate->add_subcommand(
      "plan", "Show the fraction of keys that would move");
  AddRingName(plan, "RING", planned->ring, "Name of the old ring");
  AddTargetOptions(plan, *planned);
  plan->add_option("--keys", planned->keys,
                   "Keys to count: a file, or a number of generated keys")
      ->type_name("FILE|N");
  plan->footer(
      "Examples:\n"
      "  clockwise migrate plan cache --to=partitioned\n"
      "  clockwise migrate plan cache --to=hashed --keys=keys.txt");
  OnChosen(plan, line, planned, Plan);

  auto started = std::make_shared<MigrateOptions>();
  CLI::App* start = migrate->add_subcommand(
      "start", "Create the new ring; it returns old and new owners");
  AddRingName(start, "RING", started->ring, "Name of the old ring");
  AddRingName(start, "NEW", started->name, "Name of the new ring");
  AddTargetOptions(start, *started);
  AddRequestIdOption(start, started->change.request_id);
  start->footer("Examples:\n  clockwise migrate start cache cache-2");
  OnChosen(start, line, started, Start);

  auto ended = std::make_shared<MigrateOptions>();
  CLI::App* end = migrate->add_subcommand(
      "end", "End the migration: return the new owners only");
  AddRingName(end, "RING", ended->ring, "Name of the new ring");
  AddChangeOptions(end, ended->change);
  end->footer("Examples:\n  clockwise migrate end cache-2");
  OnChosen(end, line, ended, End);
}

}  // namespace clockwise::cli
