#include "client/cli/config/config_difference.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/failure.h"
#include "gmock/gmock.h"
#include "service/ring/layout_settings.h"

namespace clockwise::cli {
namespace {

using ::testing::StartsWith;

// A ring of `layout` with the nodes of `ids`, which joined in this order.
v1::Snapshot RingOf(const std::vector<std::string>& ids,
                    v1::Layout layout = v1::LAYOUT_HASHED) {
  v1::Snapshot ring;
  v1::RingSpec spec;
  spec.set_name("r");
  spec.set_layout(layout);
  *ring.mutable_spec() = NormalizeSpec(spec).value();
  ring.set_epoch(7);
  for (const std::string& id : ids) {
    v1::Node& node = *ring.add_nodes();
    node.set_id(id);
    node.set_weight(1);
    node.set_hash_key(id);
    node.set_ordinal(static_cast<uint64_t>(ring.nodes_size()));
  }
  return ring;
}

absl::StatusOr<ConfigDifference> Difference(const std::string& text,
                                            const v1::Snapshot& ring,
                                            bool prune = false,
                                            bool replace = false) {
  const auto config = ReadRingConfig(absl::StrCat("ring: r\n", text), "f");
  EXPECT_TRUE(config.ok()) << config.status();
  return DifferenceOf(*config, ring, {.prune = prune, .replace = replace});
}

// "+a ~b(weight,zone) -c".
std::string Text(const absl::StatusOr<ConfigDifference>& difference) {
  if (!difference.ok()) return std::string(difference.status().message());
  std::vector<std::string> texts;
  for (const ConfigChange& one : difference->changes) {
    const v1::NodeChange& change = one.change;
    if (change.has_add()) {
      texts.push_back(absl::StrCat("+", change.add().id()));
    } else if (change.has_update()) {
      texts.push_back(absl::StrCat(
          "~", change.update().node().id(), "(",
          absl::StrJoin(change.update().update_mask().paths(), ","), ")"));
    } else {
      texts.push_back(absl::StrCat("-", change.remove()));
    }
  }
  return absl::StrJoin(texts, " ");
}

TEST(ConfigDifferenceTest, EqualRingsDifferInNothing) {
  EXPECT_EQ(Text(Difference("nodes: [{id: b}, {id: a}]\n", RingOf({"a", "b"}))),
            "");
  EXPECT_EQ(Text(Difference("spec: {}\nnodes: []\n", RingOf({}), true)), "");
}

TEST(ConfigDifferenceTest, NewNodesAreAddedInTheOrderOfTheFile) {
  EXPECT_EQ(Text(Difference("nodes: [{id: z}, {id: a}, {id: b, weight: 2}]\n",
                            RingOf({"b"}))),
            "+z +a ~b(weight)");
}

TEST(ConfigDifferenceTest, AReplacedNodeIsRemovedAndAdded) {
  const std::string changed = "nodes: [{id: a, hash_key: x}, {id: b}]\n";
  EXPECT_FALSE(Difference(changed, RingOf({"a", "b"})).ok());
  EXPECT_EQ(Text(Difference(changed, RingOf({"a", "b"}), true, true)), "-a +a");
  v1::Snapshot ordered = RingOf({"a", "b"});
  ordered.mutable_spec()->set_layout(v1::LAYOUT_NGINX);
  // All join again, in the order of the file.
  EXPECT_EQ(Text(Difference(changed, ordered, true, true)), "-a -b +a +b");
  EXPECT_EQ(
      Text(Difference("nodes: [{id: b}, {id: a}]\n", ordered, true, true)),
      "-a -b +b +a");
  EXPECT_EQ(
      Text(Difference("nodes: [{id: c}, {id: b}]\n", ordered, true, true)),
      "-a -b +c +b");
  ordered.mutable_spec()->set_layout(v1::LAYOUT_REDIS_CLUSTER);
  EXPECT_FALSE(Difference("nodes: [{id: b, points: [0]}, {id: a, points: "
                          "[1]}]\n",
                          ordered)
                   ->order_differs);
}

TEST(ConfigDifferenceTest, FieldsThatAreNotStatedGoBackToTheirDefaults) {
  v1::Snapshot ring = RingOf({"a"});
  v1::Node& node = *ring.mutable_nodes(0);
  node.set_address("h:1");
  node.set_weight(3);
  node.set_zone("z");
  (*node.mutable_labels())["k"] = "v";
  EXPECT_EQ(Text(Difference("nodes: [{id: a}]\n", ring)),
            "~a(address,weight,zone,labels)");
  EXPECT_EQ(Text(Difference("nodes:\n- {id: a, address: \"h:1\", weight: 3, "
                            "zone: z, labels: {k: v}}\n",
                            ring)),
            "");
}

TEST(ConfigDifferenceTest, UnnamedNodesAreRemovedOnlyWithPrune) {
  const v1::Snapshot ring = RingOf({"a", "b", "c"});
  const auto kept = Difference("nodes: [{id: b}]\n", ring);
  EXPECT_EQ(Text(kept), "");
  EXPECT_EQ(absl::StrJoin(kept->unnamed_ids, " "), "a c");
  const auto pruned = Difference("nodes: [{id: b}]\n", ring, true);
  EXPECT_EQ(Text(pruned), "-a -c");
  EXPECT_TRUE(pruned->unnamed_ids.empty());
}

TEST(ConfigDifferenceTest, AnotherHashKeyIsRefusedWithItsLine) {
  const auto difference =
      Difference("nodes:\n- id: a\n  hash_key: other\n", RingOf({"a"}));
  EXPECT_EQ(ExitCodeOf(difference.status()), ExitCode::kBadUsage);
  EXPECT_EQ(
      Text(difference),
      "f:4: field \"hash_key\": \"other\", and node \"a\" of the ring has "
      "\"a\"; a node's hash_key cannot change: state the value of the ring, "
      "or remove the node and add it under another id");
}

TEST(ConfigDifferenceTest, AnotherSpecIsRefusedWithTheFieldAndItsLine) {
  EXPECT_EQ(
      Text(Difference("spec:\n  layout: hashed\n  virtual_node_count: 80\n"
                      "nodes: []\n",
                      RingOf({}))),
      "f:4: field \"spec.virtual_node_count\": the file states hashed, 80 "
      "points per unit of weight, 1 owner per key, and ring \"r\" has hashed, "
      "160 points per unit of weight, 1 owner per key; a ring's spec cannot "
      "change: "
      "correct the file, or move to a new ring with `clockwise migrate`");
  EXPECT_THAT(
      Text(Difference("spec: {layout: ketama}\nnodes: []\n", RingOf({}))),
      StartsWith("f:2: field \"spec.layout\": "));
  EXPECT_THAT(
      Text(Difference("spec: {layout: ketama, settings: {key_hash: md5}}\n"
                      "nodes: []\n",
                      RingOf({}, v1::LAYOUT_KETAMA))),
      StartsWith("f:2: field \"spec.settings.key_hash\": "));
  EXPECT_THAT(
      Text(Difference("spec: {replica_count: 99}\nnodes: []\n", RingOf({}))),
      StartsWith("f:2: field \"replica_count\": 9"));
}

TEST(ConfigDifferenceTest, ASpecThatMigratesIsTheSameSpec) {
  v1::Snapshot ring = RingOf({});
  ring.mutable_spec()->set_migrating_from("old");
  EXPECT_EQ(Text(Difference("spec: {layout: HASHED}\nnodes: []\n", ring)), "");
}

TEST(ConfigDifferenceTest, WhatTheLayoutDoesNotTakeIsRefusedWithItsLine) {
  EXPECT_THAT(Text(Difference("nodes:\n- id: a\n  points: [1]\n", RingOf({}))),
              StartsWith("f:4: field \"points\": "));
}

TEST(ConfigDifferenceTest, TheOrderCountsInLayoutsThatDependOnIt) {
  const v1::Snapshot ordered = RingOf({"a", "b"}, v1::LAYOUT_NGINX);
  EXPECT_FALSE(Difference("nodes: [{id: a}, {id: b}, {id: c}]\n", ordered)
                   ->order_differs);
  EXPECT_FALSE(
      Difference("nodes: [{id: b}, {id: c}]\n", ordered)->order_differs);
  EXPECT_TRUE(
      Difference("nodes: [{id: b}, {id: a}]\n", ordered)->order_differs);
  EXPECT_TRUE(Difference("nodes: [{id: a}, {id: c}, {id: b}]\n", ordered)
                  ->order_differs);
  EXPECT_FALSE(Difference("nodes: [{id: b}, {id: a}]\n", RingOf({"a", "b"}))
                   ->order_differs);
}

TEST(ConfigDifferenceTest, LinesShowWhatEachNodeBecomes) {
  v1::Snapshot before = RingOf({"a", "b", "c"});
  before.mutable_nodes(1)->set_zone("x");
  v1::Change change;
  *change.add_upserted() = before.nodes(1);
  change.mutable_upserted(0)->set_weight(2);
  change.mutable_upserted(0)->clear_zone();
  v1::Node& added = *change.add_upserted();
  added.set_id("d");
  added.set_weight(1);
  added.set_hash_key("d");
  added.set_address("h:1");
  change.add_added_ids("d");
  change.add_removed_ids("c");
  EXPECT_EQ(ChangeLines(change, before),
            "+ d  address: h:1\n"
            "~ b  weight: 1 -> 2, zone: x -> \"\"\n"
            "- c\n");
  EXPECT_EQ(ChangeLines(change, {}),
            "+ d  address: h:1\n"
            "~ b  weight: 2\n"
            "- c\n");
}

TEST(ConfigDifferenceTest, LongValuesAreCutBetweenCharacters) {
  v1::Change change;
  v1::Node& node = *change.add_upserted();
  node.set_id("a");
  node.set_weight(1);
  node.set_hash_key("a");
  for (int i = 0; i < 100; ++i) node.mutable_address()->append("é");
  change.add_added_ids("a");
  std::string shown = "+ a  address: \"";
  for (int i = 0; i < 29; ++i) shown += "é";
  EXPECT_EQ(ChangeLines(change, {}), shown + "...\n");
}

}  // namespace
}  // namespace clockwise::cli
