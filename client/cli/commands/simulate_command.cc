// `clockwise simulate`: compares layouts without a server.
#include <algorithm>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/atomic_file.h"
#include "client/cli/command_line.h"
#include "client/cli/drawing/simulation_drawing.h"
#include "client/cli/failure.h"
#include "client/cli/key_sample.h"
#include "client/cli/layout_options.h"
#include "client/cli/option_checks.h"
#include "client/cli/simulation.h"
#include "client/cli/tables/simulation_table.h"
#include "client/cli/text.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/ring/layout.h"

namespace clockwise::cli {
namespace {

struct SimulateOptions {
  uint32_t nodes = 10;
  uint32_t add = 1;
  uint32_t remove = 0;
  std::string keys = "100000";
  std::string layouts = "modulo,hashed,partitioned";
  std::string virtual_nodes = "1,16,100,160,1000";
  uint32_t partition_bits = limits::kDefaultPartitionBits;
  uint32_t replicas = 1;
  std::string svg;
};

// Returns a spec for each row: one for each layout, and for hashed one for each
// number of points.
absl::StatusOr<std::vector<v1::RingSpec>> SpecsOf(
    const SimulateOptions& options) {
  std::vector<v1::RingSpec> specs;
  for (const absl::string_view name : absl::StrSplit(options.layouts, ',')) {
    const auto layout = ParseLayout(name);
    if (!layout.ok()) return BadUsage(layout.status().message());
    v1::RingSpec spec;
    spec.set_layout(*layout);
    spec.set_partition_bits(options.partition_bits);
    spec.set_replica_count(options.replicas);
    if (*layout != v1::LAYOUT_HASHED) {
      specs.push_back(std::move(spec));
      continue;
    }
    for (const absl::string_view text :
         absl::StrSplit(options.virtual_nodes, ',')) {
      uint32_t points = 0;
      if (!absl::SimpleAtoi(text, &points)) continue;  // was checked
      spec.set_virtual_node_count(points);
      specs.push_back(spec);
    }
  }
  if (specs.size() > limits::kMaxSimulatedLayouts) {
    return BadUsage(absl::StrCat("--layouts, --virtual-nodes: ", specs.size(),
                                 " rows; use at most ",
                                 limits::kMaxSimulatedLayouts));
  }
  return specs;
}

absl::Status CheckNodes(const SimulateOptions& options) {
  if (options.nodes + options.add > limits::kMaxSimulatedNodes) {
    return BadUsage(
        absl::StrCat("--nodes, --add: ", options.nodes + options.add,
                     " nodes; use at most ", limits::kMaxSimulatedNodes));
  }
  if (options.remove > options.nodes) {
    return BadUsage(absl::StrCat("--remove: ", options.remove,
                                 " is more than --nodes=", options.nodes));
  }
  if (options.remove == options.nodes && options.add == 0) {
    return BadUsage(
        "--remove: no node would be left; keep or add at least one");
  }
  return absl::OkStatus();
}

// Returns the command as it was typed, so that a user can draw the picture
// again.
std::string TypedCommand(const Session& session) {
  std::string command = "clockwise";
  for (const std::string& argument : session.arguments) {
    absl::StrAppend(&command, " ", ShellWord(argument));
  }
  return command;
}

absl::Status Simulate(const SimulateOptions& options, Session& session) {
  if (auto failure = CheckNodes(options); !failure.ok()) return failure;
  const auto specs = SpecsOf(options);
  if (!specs.ok()) return specs.status();
  std::set<v1::Layout> layouts;
  for (const v1::RingSpec& spec : *specs) layouts.insert(spec.layout());
  const auto keys = ReadKeySample(options.keys, layouts);
  if (!keys.ok()) return keys.status();
  const NodesAround nodes =
      NumberedNodes(options.nodes, options.add, options.remove);
  std::vector<Figures> figures;
  std::vector<Panel> panels;
  for (const v1::RingSpec& spec : *specs) {
    const auto rings = BuildRings(spec, nodes);
    if (!rings.ok()) {
      return BadUsage(absl::StrCat(FindLayout(spec.layout())->name(), ": ",
                                   rings.status().message()));
    }
    figures.push_back(FiguresOf(*rings, *keys));
    if (!options.svg.empty()) {
      panels.push_back({figures.back(), ArcsOf(*rings->before, *rings->after)});
    }
    if (!session.globals.json()) continue;
    auto failure = session.out.Write(FiguresJson(figures.back()));
    if (!failure.ok()) return failure;
  }
  if (!session.globals.json()) {
    auto failure =
        session.out.Write(FiguresTable(nodes, figures, session.terminal));
    if (!failure.ok()) return failure;
  }
  if (options.svg.empty()) return absl::OkStatus();
  const absl::Status written = WriteWholeFile(
      options.svg, DrawSimulation(nodes, panels, TypedCommand(session)));
  return written.ok()
             ? written
             : absl::InternalError(absl::StrCat("--svg: ", written.message()));
}

CLI::Validator FileName() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        return text.empty() ? "is empty; write the name of a file" : "";
      },
      "");
}

// Accepts a number of keys, or the name of a file.
CLI::Validator KeySource() {
  return CLI::Validator(
      [](std::string& text) -> std::string {
        if (text.empty()) return FileName()(text) + " or a number of keys";
        const bool number =
            text.find_first_not_of("0123456789") == std::string::npos;
        if (!number) return "";
        return WholeNumber(0, limits::kMaxSimulatedKeys)(text);
      },
      "");
}

void AddNodeOptions(CLI::App* simulate, SimulateOptions& options) {
  simulate
      ->add_option("--nodes", options.nodes,
                   "Number of nodes before, 1 to 10000 (default: 10)")
      ->type_name("N")
      ->check(WholeNumber(1, limits::kMaxSimulatedNodes));
  simulate
      ->add_option("--add", options.add, "Number of nodes to add (default: 1)")
      ->type_name("N")
      ->check(WholeNumber(0, limits::kMaxSimulatedNodes));
  simulate
      ->add_option("--remove", options.remove,
                   "Number of nodes to remove, from the first (default: 0)")
      ->type_name("N")
      ->check(WholeNumber(0, limits::kMaxSimulatedNodes));
  simulate
      ->add_option("--keys", options.keys,
                   "Keys to count: a file, or a number of generated keys "
                   "(default: 100000)")
      ->type_name("FILE|N")
      ->check(KeySource());
}

}  // namespace

void AddSimulateCommand(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<SimulateOptions>();
  CLI::App* simulate =
      app.add_subcommand("simulate", "Compare layouts, without a server");
  AddNodeOptions(simulate, *options);
  simulate
      ->add_option("--layouts", options->layouts,
                   "Layouts to compare (default: modulo,hashed,partitioned)")
      ->type_name("NAME,...")
      ->check(ListOf(CLI::IsMember(SimulatedLayoutNames(), CLI::ignore_case),
                     limits::kMaxSimulatedLayouts));
  simulate
      ->add_option("--virtual-nodes", options->virtual_nodes,
                   "hashed: points per node (default: 1,16,100,160,1000)")
      ->type_name("N,...")
      ->check(ListOf(WholeNumber(1, limits::kMaxVirtualNodes),
                     limits::kMaxSimulatedLayouts));
  AddPartitionBitsOption(simulate, options->partition_bits);
  simulate
      ->add_option("--replicas", options->replicas,
                   "Owners per key, 1 to 64; partitioned: 1 to 8 (default: 1)")
      ->type_name("N")
      ->check(WholeNumber(1, limits::kMaxReplicas));
  simulate
      ->add_option("--svg", options->svg,
                   "Draw rings, moves and shares into FILE")
      ->type_name("FILE")
      ->check(FileName());
  simulate->footer(
      "Balance and moves are exact. In addition, the keys of --keys are\n"
      "counted: one per line of a file, or generated; at most 1000000; 0 "
      "counts\n"
      "none.\n"
      "\n"
      "Examples:\n"
      "  clockwise simulate --nodes=100 --svg=rings.svg\n"
      "  clockwise simulate --keys=keys.txt --layouts=modulo,hashed\n"
      "  clockwise simulate --add=0 --remove=1 --replicas=3\n"
      "\n"
      "With --output=json, one object a line and row: layout, virtualNodes or\n"
      "partitionBits, replicas, nodesBefore, nodesAfter, balanceBefore,\n"
      "balanceAfter, primaryBalanceBefore, primaryBalanceAfter (each "
      "peakToMean,\n"
      "stddev, minToMean), movedRatio, minimumMovedRatio, movedToMinimum "
      "(null\n"
      "where nothing has to move), and keys (count, peakToMean, movedRatio).");
  OnChosen(simulate, line, options, Simulate);
}

}  // namespace clockwise::cli
