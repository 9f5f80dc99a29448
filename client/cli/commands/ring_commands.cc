// `clockwise ring list|show|diff|history`: shows rings.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "client/cli/command_line.h"
#include "client/cli/failure.h"
#include "client/cli/option_checks.h"
#include "client/cli/tables/moves_report.h"
#include "client/cli/tables/node_changes.h"
#include "client/cli/tables/ring_tables.h"
#include "client/cli/tables/table.h"
#include "client/cli/text.h"
#include "service/api/json.h"
#include "service/limits.h"
#include "service/ring/layout.h"

namespace clockwise::cli {
namespace {

struct RingOptions {
  std::string name;
  uint64_t epoch = 0;
  uint64_t from = 0;
  uint64_t to = 0;
  uint32_t limit = 20;
  bool deleted = false;
};

// Adds a deleted ring to the table of `ring list --deleted`.
void AddDeletedRow(const v1::RingInfo& ring, Table& table) {
  const v1::RingDeletion& deletion = ring.deletion();
  table.AddRow({ring.spec().name(), Hex(ring.incarnation()),
                absl::StrCat(ring.epoch()), absl::StrCat(ring.node_count()),
                UtcText(deletion.delete_time()),
                UtcText(deletion.expire_time()),
                ActorText(deletion.actor(), deletion.stated_actor()),
                deletion.reason()});
}

std::vector<Table::Column> ColumnsOf(bool deleted, bool wide) {
  constexpr auto kRight = Table::Align::kRight;
  if (!deleted) {
    std::vector<Table::Column> columns = {
        {"RING"}, {"EPOCH", kRight}, {"NODES", kRight}, {"SPEC"}};
    if (wide) columns.insert(columns.end(), {{"INCARNATION"}, {"FINGERPRINT"}});
    return columns;
  }
  return {{"RING"},
          {"INCARNATION"},
          {"EPOCH", kRight},
          {"NODES", kRight},
          {"DELETED"},
          {"KEPT UNTIL"},
          {"BY"},
          {"REASON"}};
}

absl::Status ListRings(const RingOptions& options, Session& session) {
  const bool wide = session.globals.wide();
  Table table(ColumnsOf(options.deleted, wide));
  v1::ListRingsRequest request;
  request.set_deleted(options.deleted);
  request.set_page_size(limits::kMaxPageSize);
  do {
    v1::ListRingsResponse page;
    absl::Status failure =
        session.connection.Call(&Connection::Stub::ListRings, request, &page);
    if (failure.ok() && session.globals.json()) {
      failure = session.out.WriteJson(page);
    }
    if (!failure.ok()) return failure;
    for (const v1::RingInfo& ring : page.rings()) {
      if (options.deleted) {
        // A server of an older version lists the other rings.
        if (ring.has_deletion()) AddDeletedRow(ring, table);
        continue;
      }
      std::vector<std::string> row = {
          ring.spec().name(), absl::StrCat(ring.epoch()),
          absl::StrCat(ring.node_count()), SpecText(ring.spec())};
      if (wide) {
        row.push_back(Hex(ring.incarnation()));
        row.push_back(Hex(ring.fingerprint()));
      }
      table.AddRow(row);
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (session.globals.json()) return absl::OkStatus();
  return session.out.Write(table.Render(session.terminal));
}

// Appends zones and capped nodes, if the layout has them.
void AppendSpread(const v1::Snapshot& ring, std::string& text) {
  if (ring.zone_shortfall() > 0) {
    absl::StrAppend(&text, "zones        ", Grouped(ring.zone_shortfall()),
                    " partitions have owners that share a zone\n");
  }
  if (ring.capped_ids_size() > 0) {
    absl::StrAppend(
        &text, "capped       ",
        SomeIds({ring.capped_ids().begin(), ring.capped_ids().end()}), "\n");
  }
}

absl::Status ShowRing(const RingOptions& options, Session& session) {
  v1::GetRingRequest request;
  request.set_ring(options.name.empty() ? session.globals.ring : options.name);
  request.set_epoch(options.epoch);
  v1::GetRingResponse response;
  absl::Status failure =
      session.connection.Call(&Connection::Stub::GetRing, request, &response);
  if (!failure.ok()) return Advise(session, failure, request.ring(), "");
  if (session.globals.json()) return WriteRing(response.snapshot(), session);
  const v1::Snapshot& ring = response.snapshot();
  const auto balance = [](const v1::Balance& b) {
    return absl::StrFormat("fullest %.4f, emptiest %.4f, stddev %.4f",
                           b.peak_to_mean(), b.min_to_mean(), b.stddev());
  };
  std::string text =
      absl::StrCat("ring         ", ring.spec().name(), "\n",       //
                   "spec         ", SpecText(ring.spec()), "\n",    //
                   "epoch        ", ring.epoch(), "\n",             //
                   "incarnation  ", Hex(ring.incarnation()), "\n",  //
                   "fingerprint  ", Hex(ring.fingerprint()), "\n",  //
                   "nodes        ", ring.nodes_size(), "\n");
  if (ring.nodes_size() > 0) {
    absl::StrAppend(&text, "balance      ", balance(ring.balance()), "\n");
    if (ring.spec().replica_count() > 1) {
      absl::StrAppend(&text, "  primaries  ", balance(ring.primary_balance()),
                      "\n");
    }
    AppendSpread(ring, text);
  }
  return session.out.Write(text);
}

absl::Status DiffEpochs(const RingOptions& options, Session& session) {
  v1::CompareEpochsRequest request;
  request.set_ring(session.globals.ring);
  request.set_from_epoch(options.from);
  request.set_to_epoch(options.to);
  v1::CompareEpochsResponse diff;
  absl::Status failure =
      session.connection.Call(&Connection::Stub::CompareEpochs, request, &diff);
  if (!failure.ok()) return failure;
  if (session.globals.json()) return session.out.WriteJson(diff);
  return session.out.Write(absl::StrCat(
      "epoch ", diff.from_epoch(), " ", session.terminal.arrow(), " ",
      diff.to_epoch(), ": ", Percent(diff.comparison().moved_ratio()),
      " of the hash space moved (least possible ",
      Percent(diff.comparison().minimum_moved_ratio()), ")\n",
      MovesReport(diff.comparison(), session.terminal)));
}

void AddHistoryRow(const v1::Change& change, const Terminal& terminal,
                   Table& table) {
  const absl::Time time = absl::FromUnixSeconds(change.accept_time().seconds());
  table.AddRow(
      {absl::StrCat(change.epoch()),
       absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", time, absl::UTCTimeZone()),
       Printable(DescribeChange(change, terminal)),
       Percent(change.comparison().moved_ratio(), 2),
       absl::StrFormat("%.3f",
                       change.comparison().balance_after().peak_to_mean()),
       ActorText(change.actor(), change.stated_actor()),
       change.reason().empty() && !change.ended_migration_from().empty()
           ? absl::StrCat("end of the migration from ",
                          change.ended_migration_from())
           : change.reason()});
}

absl::Status ShowHistory(const RingOptions& options, Session& session) {
  constexpr auto kRight = Table::Align::kRight;
  Table table({{"EPOCH", kRight},
               {"TIME"},
               {"CHANGE"},
               {"MOVED", kRight},
               {"FULLEST", kRight},
               {"BY"},
               {"REASON"}});
  v1::ListChangesRequest request;
  request.set_ring(session.globals.ring);
  uint32_t left = options.limit;
  do {
    request.set_page_size(std::min(left, limits::kMaxPageSize));
    v1::ListChangesResponse page;
    absl::Status failure =
        session.connection.Call(&Connection::Stub::ListChanges, request, &page);
    if (failure.ok() && session.globals.json()) {
      failure = session.out.WriteJson(page, JsonLists::kOmitMoves);
    }
    if (!failure.ok()) return failure;
    for (const v1::Change& change : page.changes()) {
      AddHistoryRow(change, session.terminal, table);
    }
    left -= std::min(left, static_cast<uint32_t>(page.changes_size()));
    request.set_page_token(page.next_page_token());
  } while (left > 0 && !request.page_token().empty());
  if (session.globals.json()) return absl::OkStatus();
  return session.out.Write(table.Render(session.terminal));
}

}  // namespace

void AddRingCommands(CLI::App& app, CommandLine& line) {
  CLI::App* ring =
      app.add_subcommand("ring", "Create, show, compare and delete rings");
  ring->require_subcommand(1);
  AddRingCreateCommand(*ring, line);
  AddRingLayoutsCommand(*ring, line);
  AddRingExportCommand(*ring, line);

  AddRingDeleteCommands(*ring, line);

  auto options = std::make_shared<RingOptions>();
  CLI::App* list = ring->add_subcommand("list", "Show all rings");
  list->alias("ls");
  list->add_flag("--deleted", options->deleted,
                 "Show the deleted rings that `ring undelete` can restore");
  OnChosen(list, line, options, ListRings);

  CLI::App* show = ring->add_subcommand(
      "show", "Show the spec, epoch and balance of a ring");
  show->alias("get");
  show->add_option("NAME", options->name,
                   "Name of the ring (default: that of --ring)")
      ->type_name("")
      ->check(Text(limits::kMaxIdBytes));
  show->add_option("--epoch", options->epoch, "Epoch to show (default: newest)")
      ->type_name("EPOCH")
      ->check(WholeNumber(0));
  OnChosen(show, line, options, ShowRing);

  CLI::App* diff =
      ring->add_subcommand("diff", "Show what moved between two epochs");
  diff->add_option("FROM", options->from, "First epoch; 0 means the newest")
      ->type_name("")
      ->required()
      ->check(WholeNumber(0));
  diff->add_option("TO", options->to, "Second epoch; 0 means the newest")
      ->type_name("")
      ->required()
      ->check(WholeNumber(0));
  diff->footer("Examples:\n  clockwise ring diff 3 7");
  OnChosen(diff, line, options, DiffEpochs);

  CLI::App* history =
      ring->add_subcommand("history", "Show the changes, newest first");
  history
      ->add_option("--limit", options->limit,
                   "Maximum number of changes (default: 20)")
      ->type_name("N")
      ->check(WholeNumber(1, limits::kMaxHistoryChanges));
  history->footer(
      "Times are UTC. BY is the caller that the server has proved. (as NAME)\n"
      "is the name that the client stated (--as), which is not proved.");
  OnChosen(history, line, options, ShowHistory);
}

}  // namespace clockwise::cli
