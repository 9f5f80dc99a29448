// `clockwise ring create|layouts`: creates rings and lists the layouts.
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "client/cli/command_line.h"
#include "client/cli/commands/change.h"
#include "client/cli/failure.h"
#include "client/cli/layout_options.h"
#include "client/cli/option_checks.h"
#include "client/cli/tables/table.h"
#include "client/cli/text.h"
#include "service/limits.h"
#include "service/ring/layout.h"

namespace clockwise::cli {
namespace {

struct CreateOptions {
  std::string name;
  std::string layout;
  uint32_t virtual_nodes = 0;
  uint32_t partition_bits = 0;
  uint32_t replicas = 0;
  std::vector<std::string> settings;
  std::string migrating_from;
  std::string request_id;
};

absl::Status CreateRing(const CreateOptions& options, Session& session) {
  v1::CreateRingRequest request;
  v1::RingSpec* spec = request.mutable_spec();
  spec->set_name(options.name);
  if (!options.layout.empty()) {
    const auto layout = ParseLayout(options.layout);
    if (!layout.ok()) return BadUsage(layout.status().message());
    spec->set_layout(*layout);
  }
  spec->set_virtual_node_count(options.virtual_nodes);
  spec->set_partition_bits(options.partition_bits);
  absl::Status failure = CheckLayoutOptions(*spec);
  if (!failure.ok()) return failure;
  spec->set_replica_count(options.replicas);
  spec->set_migrating_from(options.migrating_from);
  if (!options.settings.empty()) {
    failure = SetSettings(options.settings, *spec);
    if (!failure.ok()) return failure;
  }
  request.set_request_id(options.request_id.empty() ? NewRequestId()
                                                    : options.request_id);
  v1::CreateRingResponse response;
  failure = session.connection.Call(&Connection::Stub::CreateRing, request,
                                    &response, Retry::kFewTimes);
  if (!failure.ok()) {
    return AdviseChange(session, std::move(failure), {}, request.request_id(),
                        /*plan=*/false);
  }
  if (session.globals.json()) return session.out.WriteJson(response);
  const v1::RingInfo& ring = response.ring();
  return session.out.Write(absl::StrCat(
      "ring ", ring.spec().name(), ": ", SpecText(ring.spec()), "; epoch ",
      ring.epoch(), ", ", ring.node_count(), " nodes\n"));
}

absl::Status ListLayouts(const CreateOptions&, Session& session) {
  Table table({{"LAYOUT"}, {"REPRODUCES"}, {"SETTINGS"}});
  for (const LayoutRule& rule : Layouts()) {
    const std::string settings = SettingNames(rule.layout);
    if (!session.globals.json()) {
      table.AddRow({rule.name(), rule.traits->reproduces, settings});
      continue;
    }
    auto failure = session.out.Write(
        absl::StrCat("{\"layout\":", JsonString(rule.name()),
                     ",\"reproduces\":", JsonString(rule.traits->reproduces),
                     ",\"settings\":", JsonString(settings), "}\n"));
    if (!failure.ok()) return failure;
  }
  if (session.globals.json()) return absl::OkStatus();
  return session.out.Write(table.Render(session.terminal));
}

}  // namespace

void AddRingCreateCommand(CLI::App& ring, CommandLine& line) {
  auto options = std::make_shared<CreateOptions>();
  CLI::App* create = ring.add_subcommand(
      "create", "Create a ring; its spec cannot be changed later");
  create->add_option("NAME", options->name, "Name of the new ring")
      ->type_name("")
      ->required()
      ->check(Text(limits::kMaxIdBytes));
  create
      ->add_option(
          "--layout", options->layout,
          "Layout; `clockwise ring layouts` lists all (default: hashed)")
      ->type_name("")
      ->check(CLI::IsMember(LayoutNames(), CLI::ignore_case));
  create
      ->add_option(
          "--virtual-nodes", options->virtual_nodes,
          "Points per unit of weight, 1 to 65536 (default for hashed: 160)")
      ->type_name("N")
      ->check(WholeNumber(1, limits::kMaxVirtualNodes));
  AddPartitionBitsOption(create, options->partition_bits);
  create
      ->add_option("--replicas", options->replicas,
                   "Owners per key, 1 to 64; partitioned: 1 to 8 (default: 1; "
                   "partitioned: 3)")
      ->type_name("N")
      ->check(WholeNumber(1, limits::kMaxReplicas));
  AddSetOption(create, options->settings);
  create
      ->add_option(
          "--migrating-from", options->migrating_from,
          "Ring whose owners are returned too, until `clockwise migrate end`")
      ->type_name("RING")
      ->check(Text(limits::kMaxIdBytes));
  AddRequestIdOption(create, options->request_id);
  create->footer(
      "Examples:\n"
      "  clockwise ring create sessions\n"
      "  clockwise ring create shards --layout=partitioned --replicas=3\n"
      "  clockwise ring create cache --layout=ketama --set key_hash=md5");
  OnChosen(create, line, options, CreateRing);
}

void AddRingLayoutsCommand(CLI::App& ring, CommandLine& line) {
  CLI::App* layouts = ring.add_subcommand(
      "layouts", "List the layouts and the systems that they reproduce");
  layouts->footer(
      "For the same members, a layout picks the same owners as the system "
      "that\n"
      "it reproduces. The behaviour when a server fails is not reproduced.");
  OnChosen(layouts, line, std::make_shared<CreateOptions>(), ListLayouts,
           Needs::kNothing);
}

}  // namespace clockwise::cli
