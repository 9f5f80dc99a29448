// `clockwise apply`: makes a ring what a file states, or makes the changes that
// a file lists.
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/command_line.h"
#include "client/cli/commands/apply.h"
#include "client/cli/commands/change.h"
#include "client/cli/config/config_difference.h"
#include "client/cli/config/ring_config.h"
#include "client/cli/confirm.h"
#include "client/cli/failure.h"
#include "client/cli/input_file.h"
#include "client/cli/tables/moves_report.h"
#include "client/cli/text.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/ring/layout.h"

namespace clockwise::cli {
namespace {

// "3 nodes are not in FILE and stay: n1 n2 n3".
std::string UnnamedNote(const Applied& applied, const std::string& source) {
  const size_t count = applied.unnamed_ids.size();
  if (count == 0) return "";
  return absl::StrCat(
      Grouped(count), count == 1 ? " node is" : " nodes are", " not in ",
      source,
      count == 1 ? " and stays: " : " and stay: ", SomeIds(applied.unnamed_ids),
      count == 1 ? " (--prune removes it)" : " (--prune removes them)");
}

std::string OrderNote(const Applied& applied, const std::string& source) {
  if (!applied.order_differs) return "";
  return absl::StrCat(
      "the nodes of the ring are in another order than in ", source,
      ", and layout ", FindLayout(applied.before.spec().layout())->name(),
      " depends on the order; `clockwise ring export` writes the order of the "
      "ring");
}

std::string ApplyReport(const Applied& applied, const RingConfig& config,
                        const std::string& ring, const ApplyOptions& options,
                        Session& session) {
  const bool plan = options.change.plan;
  const v1::Change& change = applied.response.change();
  std::string text = plan ? "plan (nothing changed)\n" : "";
  if (applied.created) {
    absl::StrAppend(&text, plan ? "would create" : "created", " ring ", ring,
                    ": ", SpecText(applied.before.spec()), "\n");
  }
  if (!applied.changes()) {
    absl::StrAppend(&text, "ring ", ring, " is already up to date (epoch ",
                    change.epoch(), ")\n");
  } else {
    absl::StrAppend(&text, plan ? "would apply " : "applied ", config.source,
                    " to ring ", ring, ": epoch ", change.epoch(), ", ",
                    MovedText(change, plan), "\n",
                    ChangeLines(change, applied.before));
    // The plan of a new ring has no list of moves: they come from no node.
    if (!plan || !applied.created) {
      text += MovesReport(change.comparison(), session.terminal);
    }
  }
  for (const std::string& note : {UnnamedNote(applied, config.source),
                                  OrderNote(applied, config.source)}) {
    if (!note.empty()) absl::StrAppend(&text, "note: ", note, "\n");
  }
  if (plan && applied.changes()) {
    absl::StrAppend(
        &text, "to apply it: ",
        ApplyLine(session.arguments, applied.created ? 0 : change.epoch() - 1),
        "\n");
  }
  return text;
}

// The ring that the file and --ring name; they must not name two.
absl::StatusOr<std::string> NamedRing(const RingConfig& config,
                                      const Session& session) {
  const std::string& option = session.globals.ring;
  if (config.ring.empty() && option.empty()) {
    return ConfigFault(config.source, 1, "ring",
                       "is missing; state the name of the ring, or name it "
                       "with --ring");
  }
  if (!config.ring.empty() && !option.empty() && config.ring != option) {
    return ConfigFault(config.source, config.ring_line, "ring",
                       absl::StrCat(Quoted(config.ring), ", and --ring is ",
                                    Quoted(option), "; name one ring"));
  }
  return config.ring.empty() ? option : config.ring;
}

absl::Status ApplyConfig(const ApplyOptions& options, Session& session) {
  const std::string source =
      options.file == "-" ? "standard input" : options.file;
  const auto text = ReadInputFile(options.file, limits::kMaxRingConfigBytes);
  if (!text.ok()) return text.status();
  const auto config = ReadRingConfig(*text, source);
  if (!config.ok()) return config.status();
  if (config->kind == RingConfig::Kind::kChanges && options.prune) {
    return BadUsage(absl::StrCat(source,
                                 " lists changes, and --prune applies to a "
                                 "file with \"nodes\"; remove --prune"));
  }
  const auto ring = NamedRing(*config, session);
  if (!ring.ok()) return ring.status();
  // The advice on a failure uses the ring of the session.
  Globals globals = session.globals;
  globals.ring = *ring;
  Session of_ring{globals, session.arguments, session.connection, session.out,
                  session.terminal};
  const auto applied = Apply(options, *config, of_ring);
  if (!applied.ok()) return Advise(session, applied.status(), *ring, "");
  absl::Status written;
  if (session.globals.json()) {
    const std::string note = UnnamedNote(*applied, source);
    if (!note.empty()) Say(note);
    written = session.out.WriteJson(applied->response);
  } else {
    written = session.out.Write(
        ApplyReport(*applied, *config, *ring, options, session));
  }
  if (written.ok()) written = session.out.Flush();
  if (!written.ok()) return written;
  return options.change.plan && applied->changes() ? WouldChange()
                                                   : absl::OkStatus();
}

}  // namespace

void AddApplyCommand(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<ApplyOptions>();
  CLI::App* apply = app.add_subcommand(
      "apply", "Create or change a ring to match a YAML or JSON file");
  apply
      ->add_option("-f,--file", options->file,
                   "File to read; - is standard input")
      ->type_name("FILE")
      ->required();
  apply->add_flag("--prune", options->prune,
                  "Remove the nodes that the file does not name");
  AddYesFlag(apply, options->yes);
  AddChangeOptions(apply, options->change);
  apply->get_option("--plan")->description(
      "Show what would change, without changing anything; exit code 4 if "
      "anything would");
  apply->footer(
      "The file states a ring (`ring`, `spec`, `nodes`) or lists changes of "
      "its\n"
      "nodes (`ring`, `changes`). All changes are made in one epoch. A ring "
      "that\n"
      "does not exist is created. client/README.md describes the file.\n"
      "\n"
      "Examples:\n"
      "  clockwise ring export > cache.yaml\n"
      "  clockwise apply -f cache.yaml --plan\n"
      "  clockwise apply -f cache.yaml --prune --reason=\"new rack\"");
  OnChosen(apply, line, options, ApplyConfig);
}

}  // namespace clockwise::cli
