// `clockwise node add|update|remove|list|show`: changes and shows nodes.
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/command_line.h"
#include "client/cli/commands/change.h"
#include "client/cli/failure.h"
#include "client/cli/layout_options.h"
#include "client/cli/option_checks.h"
#include "client/cli/tables/ring_tables.h"
#include "service/api/refusal.h"
#include "service/limits.h"

namespace clockwise::cli {
namespace {

struct NodeOptions {
  std::string id;
  std::string address;
  std::optional<uint32_t> weight;
  std::string zone;
  std::vector<std::string> labels;  // NAME=VALUE
  bool no_labels = false;
  bool allow_update = false;
  std::string hash_key;
  std::string points;
  uint32_t virtual_nodes = 0;
  std::vector<std::string> update_mask;  // fields that are set, after parsing
  ChangeOptions change;
};

struct ListOptions {
  std::string id;
  uint64_t epoch = 0;
};

// The options of a node, by the field that they set.
struct NodeFlags {
  CLI::Option* address;
  CLI::Option* weight;
  CLI::Option* zone;
  CLI::Option* labels;
  CLI::Option* points;
  CLI::Option* virtual_nodes;
};

NodeFlags AddNodeOptions(CLI::App* command, NodeOptions& options) {
  command->add_option("ID", options.id, "Id of the node; cannot be changed")
      ->type_name("")
      ->required()
      ->check(Text(limits::kMaxIdBytes));
  NodeFlags flags = {};
  flags.address = command
                      ->add_option("--address", options.address,
                                   "Address that clients connect to")
                      ->type_name("ADDRESS")
                      ->check(Text(limits::kMaxAddressBytes));
  flags.weight =
      command
          ->add_option("--weight", options.weight,
                       "Relative share of the keys, 0 to 65535 (default: 1)")
          ->type_name("N")
          ->check(WholeNumber(0, limits::kMaxWeight));
  flags.zone =
      command
          ->add_option(
              "--zone", options.zone,
              "Failure domain; replicas of a key are in different zones")
          ->type_name("NAME")
          ->check(Text(limits::kMaxZoneBytes));
  flags.labels =
      command->add_option("--label", options.labels, "Label; can be repeated")
          ->type_name("NAME=VALUE")
          ->allow_extra_args(false)
          ->check(Label());
  flags.points = command
                     ->add_option("--points", options.points,
                                  "Tokens of cassandra, slots of redis_cluster")
                     ->type_name("N,N-N,...");
  flags.virtual_nodes =
      command
          ->add_option("--virtual-nodes", options.virtual_nodes,
                       "uhashring, npm_hashring: virtual nodes of this node")
          ->type_name("N")
          ->check(WholeNumber(0, limits::kMaxVirtualNodes));
  return flags;
}

absl::StatusOr<v1::Node> NodeOf(const NodeOptions& options) {
  v1::Node node;
  node.set_id(options.id);
  node.set_address(options.address);
  if (options.weight.has_value()) node.set_weight(*options.weight);
  node.set_zone(options.zone);
  node.set_hash_key(options.hash_key);
  for (const std::string& label : options.labels) {
    const size_t equals = label.find('=');
    const std::string name = label.substr(0, equals);
    if (node.labels().contains(name)) {
      return BadUsage(absl::StrCat("--label ", Quoted(label), " repeats ",
                                   Quoted(name), "; state it once"));
    }
    (*node.mutable_labels())[name] = label.substr(equals + 1);
  }
  node.set_virtual_node_count(options.virtual_nodes);
  absl::Status failure = SetPoints(options.points, node);
  if (!failure.ok()) return failure;
  return node;
}

absl::Status AddNode(const NodeOptions& options, Session& session) {
  v1::AddNodeRequest request;
  auto node = NodeOf(options);
  if (!node.ok()) return node.status();
  *request.mutable_node() = *std::move(node);
  request.set_allow_update(options.allow_update);
  return MakeChange(session, options.change,
                    {"added", "would add", options.id, options.allow_update},
                    &Connection::Stub::AddNode, std::move(request));
}

absl::Status UpdateNode(const NodeOptions& options, Session& session) {
  if (options.update_mask.empty()) {
    return BadUsage(
        "nothing to update; set --address, --weight, --zone, --label, "
        "--no-labels, --points or --virtual-nodes");
  }
  v1::UpdateNodeRequest request;
  auto node = NodeOf(options);
  if (!node.ok()) return node.status();
  *request.mutable_node() = *std::move(node);
  for (const std::string& field : options.update_mask) {
    request.mutable_update_mask()->add_paths(field);
  }
  return MakeChange(session, options.change,
                    {"updated", "would update", options.id},
                    &Connection::Stub::UpdateNode, std::move(request));
}

absl::Status RemoveNode(const NodeOptions& options, Session& session) {
  v1::RemoveNodeRequest request;
  request.set_node_id(options.id);
  return MakeChange(session, options.change,
                    {"removed", "would remove", options.id},
                    &Connection::Stub::RemoveNode, std::move(request));
}

absl::Status ListNodes(const ListOptions& options, Session& session) {
  v1::GetRingResponse ring;
  if (auto failure = GetRing(session, options.epoch, &ring); !failure.ok()) {
    return failure;
  }
  if (session.globals.json()) return WriteRing(ring.snapshot(), session);
  return session.out.Write(
      NodeTable(ring.snapshot(), session.globals.wide(), session.terminal));
}

absl::Status ShowNode(const ListOptions& options, Session& session) {
  v1::GetRingResponse ring;
  if (auto failure = GetRing(session, options.epoch, &ring); !failure.ok()) {
    return failure;
  }
  const v1::Snapshot& snapshot = ring.snapshot();
  for (int i = 0; i < snapshot.nodes_size(); ++i) {
    if (snapshot.nodes(i).id() != options.id) continue;
    if (!session.globals.json()) {
      return session.out.Write(NodeText(snapshot, i));
    }
    const auto json = NodeJson(snapshot, i);
    return json.ok() ? session.out.Write(*json) : json.status();
  }
  return Advise(session,
                Refusal(v1::ERROR_REASON_NODE_NOT_FOUND,
                        absl::StrCat("ring ", Quoted(snapshot.spec().name()),
                                     " has no node ", Quoted(options.id),
                                     " at epoch ", snapshot.epoch())),
                session.globals.ring, options.id);
}

void AddUpdateCommand(CLI::App* node, CommandLine& line) {
  auto options = std::make_shared<NodeOptions>();
  CLI::App* update = node->add_subcommand(
      "update", "Change a node; other fields keep their values");
  const NodeFlags flags = AddNodeOptions(update, *options);
  flags.weight->description("Relative share of the keys, 0 to 65535");
  flags.labels->description("Label that replaces all labels; can be repeated");
  CLI::Option* no_labels =
      update->add_flag("--no-labels", options->no_labels, "Remove all labels");
  no_labels->excludes(flags.labels);
  AddChangeOptions(update, options->change);
  update->footer(
      "Examples:\n"
      "  clockwise node update n1 --weight=2 --plan\n"
      "  clockwise node update n1 --address=10.0.0.9:6379 --zone=b");
  update->callback([=, &line] {
    const std::pair<CLI::Option*, const char*> fields[] = {
        {flags.address, "address"},
        {flags.weight, "weight"},
        {flags.zone, "zone"},
        {flags.labels, "labels"},
        {no_labels, "labels"},
        {flags.points, "points"},
        {flags.virtual_nodes, "virtual_node_count"}};
    for (const auto& [flag, field] : fields) {
      if (flag->count() > 0) options->update_mask.emplace_back(field);
    }
    line.command = [options](Session& session) {
      return UpdateNode(*options, session);
    };
  });
}

}  // namespace

void AddNodeCommands(CLI::App& app, CommandLine& line) {
  CLI::App* node = app.add_subcommand("node", "Change and list nodes");
  node->require_subcommand(1);

  auto added = std::make_shared<NodeOptions>();
  CLI::App* add = node->add_subcommand("add", "Add a node to the ring");
  AddNodeOptions(add, *added);
  add->add_option("--hash-key", added->hash_key,
                  "Text to hash in place of the id; cannot be changed")
      ->type_name("TEXT")
      ->check(Text(limits::kMaxHashKeyBytes));
  add->add_flag("--update", added->allow_update,
                "Update the node if it exists; other fields keep their values");
  AddChangeOptions(add, added->change);
  add->footer(
      "Examples:\n"
      "  clockwise node add n1 --update --address=10.0.0.9:6379\n"
      "  clockwise node add n1 --address=10.0.0.1:6379 --zone=a\n"
      "  clockwise node add n2 --address=10.0.0.2:6379 --weight=2 --plan");
  OnChosen(add, line, added, AddNode);

  AddUpdateCommand(node, line);

  auto removed = std::make_shared<NodeOptions>();
  CLI::App* remove =
      node->add_subcommand("remove", "Remove a node from the ring");
  remove->add_option("ID", removed->id, "Id of the node")
      ->type_name("")
      ->required()
      ->check(Text(limits::kMaxIdBytes));
  AddChangeOptions(remove, removed->change);
  remove->alias("rm")->alias("delete");
  remove->footer("Examples:\n  clockwise node remove n1 --plan");
  OnChosen(remove, line, removed, RemoveNode);

  auto listed = std::make_shared<ListOptions>();
  CLI::App* list =
      node->add_subcommand("list", "Show the nodes and their shares");
  list->add_option("--epoch", listed->epoch, "Epoch to show (default: newest)")
      ->type_name("EPOCH")
      ->check(WholeNumber(0));
  list->alias("ls");
  list->footer(
      "Examples:\n"
      "  clockwise node list --ring=sessions\n"
      "  clockwise node list -o wide     with labels");
  OnChosen(list, line, listed, ListNodes);

  auto shown = std::make_shared<ListOptions>();
  CLI::App* show = node->add_subcommand("show", "Show one node");
  show->alias("get");
  show->add_option("ID", shown->id, "Id of the node")
      ->type_name("")
      ->required()
      ->check(Text(limits::kMaxIdBytes));
  show->add_option("--epoch", shown->epoch, "Epoch to show (default: newest)")
      ->type_name("EPOCH")
      ->check(WholeNumber(0));
  OnChosen(show, line, shown, ShowNode);
}

}  // namespace clockwise::cli
