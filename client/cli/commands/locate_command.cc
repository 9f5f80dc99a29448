// `clockwise locate`: shows the owners of keys.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/command_line.h"
#include "client/cli/failure.h"
#include "client/cli/locate_stream.h"
#include "client/cli/locator.h"
#include "client/cli/option_checks.h"
#include "client/cli/tables/locate_lines.h"
#include "client/cli/tables/table.h"
#include "service/limits.h"

namespace clockwise::cli {
namespace {

// More than a kernel passes to a program.
constexpr int kMaxKeyArguments = 1 << 28;

// Returns "n2 n3 (cache at epoch 7)"; empty if the ring does not migrate.
std::string PreviousText(const v1::LocateResponse& response) {
  if (!response.has_previous()) return "";
  std::string text;
  for (const v1::Owner& owner : response.previous_owners()) {
    absl::StrAppend(&text, owner.node_id(), " ");
  }
  const v1::RingEpoch& previous = response.previous();
  if (previous.epoch() == 0) {
    return absl::StrCat("? (ring ", previous.ring(), " does not exist)");
  }
  return absl::StrCat(text, "(", previous.ring(), " at epoch ",
                      previous.epoch(), ")");
}

absl::Status LocateKeys(const LocateOptions& options, Session& session,
                        Locator& locator) {
  std::vector<std::vector<std::string>> rows;
  bool any_next = false;
  bool any_previous = false;
  v1::LocateRequest request;
  request.set_ring(session.globals.ring);
  request.set_replica_count(options.replicas);
  request.set_min_epoch(options.min_epoch);
  request.set_min_incarnation(options.min_incarnation);
  for (const std::string& key : options.keys) {
    request.set_key(key);
    v1::LocateResponse response;
    absl::Status failure = locator.Locate(request, &response);
    if (!failure.ok()) return failure;
    if (session.globals.json()) {
      failure = session.out.Write(JsonLine(key, response));
      if (!failure.ok()) return failure;
      continue;
    }
    if (response.owners().empty()) {
      return absl::InternalError(
          "the server's response has no owner; report this bug");
    }
    std::vector<std::string> next;
    for (int i = 1; i < response.owners_size(); ++i) {
      next.push_back(response.owners(i).node_id());
    }
    const v1::Owner& primary = response.owners(0);
    any_next = any_next || !next.empty();
    rows.push_back({key, primary.node_id(), primary.address(), primary.zone(),
                    absl::StrJoin(next, " "), PreviousText(response)});
    any_previous = any_previous || response.has_previous();
  }
  if (session.globals.json()) return absl::OkStatus();
  std::vector<Table::Column> columns = {
      {"KEY"}, {"NODE"}, {"ADDRESS"}, {"ZONE"}};
  if (any_next) columns.push_back({"NEXT"});
  if (any_previous) columns.push_back({"PREVIOUS"});
  Table table(columns);
  for (auto& row : rows) {
    if (!any_previous) row.pop_back();
    if (!any_next) row.erase(row.begin() + 4);
    table.AddRow(row);
  }
  return session.out.Write(table.Render(session.terminal));
}

absl::Status Locate(const LocateOptions& options, Session& session) {
  if (options.from_stdin == !options.keys.empty()) {
    return BadUsage(
        options.from_stdin
            ? "--stdin: cannot be combined with keys; use one of them"
            : "no key; write one or more keys, or use --stdin");
  }
  if (!options.from_stdin && (options.summary || options.null_separated)) {
    return BadUsage("--summary and --null require --stdin");
  }
  for (const std::string& key : options.keys) {
    if (key.size() <= limits::kMaxKeyBytes) continue;
    return BadUsage(absl::StrCat("a key has ", key.size(),
                                 " bytes; use at most ", limits::kMaxKeyBytes));
  }
  if (!options.ring_file.empty() && !options.local) {
    return BadUsage("--ring-file requires --local");
  }
  if (options.min_incarnation != 0 && options.local) {
    return BadUsage(
        "--min-incarnation: cannot be combined with --local; use one of them");
  }
  auto locator = options.local ? NewLocalLocator(session, options.ring_file,
                                                 options.min_epoch)
                               : NewRemoteLocator(session);
  if (!locator.ok()) return locator.status();
  return options.from_stdin ? LocateStream(options, session, **locator)
                            : LocateKeys(options, session, **locator);
}

}  // namespace

void AddLocateCommand(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<LocateOptions>();
  CLI::App* locate = app.add_subcommand("locate", "Show which nodes own keys");
  locate
      ->add_option("KEY", options->keys,
                   "Keys; write -- before keys that begin with a dash")
      ->type_name("")
      // For a list without a maximum, CLI11 would split a key such as [a,b].
      // This list has a very large maximum, and TakeAll accepts fewer values.
      ->expected(kMaxKeyArguments)
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  locate->add_flag("--stdin", options->from_stdin,
                   "Read keys from standard input, one per line");
  locate->add_flag("-0,--null", options->null_separated,
                   "With --stdin: keys end with NUL");
  locate->add_flag("--summary", options->summary,
                   "With --stdin: show the number of keys per node");
  locate
      ->add_option(
          "--replicas", options->replicas,
          "Owners per key, 1 to 64 (default: the ring's replica count)")
      ->type_name("N")
      ->check(WholeNumber(1, limits::kMaxReplicas));
  locate
      ->add_option("--min-epoch", options->min_epoch,
                   "Wait until the server has this epoch or a later one")
      ->type_name("EPOCH")
      ->check(WholeNumber(0));
  locate
      ->add_option("--min-incarnation", options->min_incarnation,
                   "Wait until the server has this incarnation of the ring")
      ->type_name("NUMBER")
      ->transform(Incarnation());
  locate->add_flag("--local", options->local,
                   "Fetch the ring and look up keys in it");
  locate
      ->add_option("--ring-file", options->ring_file,
                   "With --local: save the ring in FILE, for use "
                   "when no server answers")
      ->type_name("FILE");
  locate->footer(
      "Examples:\n"
      "  clockwise locate user:42 user:43 --replicas=3\n"
      "  clockwise locate --output=json user:42\n"
      "  clockwise locate --stdin < keys.txt     print key and owners, "
      "tab-separated\n"
      "  find . -print0 | clockwise locate --stdin -0 --summary");
  OnChosen(locate, line, options, Locate);
}

}  // namespace clockwise::cli
