// The file of `clockwise apply`: what it states, and that everything else is
// an error with a line.
#include "client/cli/config/ring_config.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/failure.h"
#include "gmock/gmock.h"
#include "service/limits.h"

namespace clockwise::cli {
namespace {

using ::testing::StartsWith;

std::string FaultIn(const std::string& text) {
  const auto config = ReadRingConfig(text, "f.yaml");
  if (config.ok()) return "no fault";
  EXPECT_EQ(ExitCodeOf(config.status()), ExitCode::kBadUsage);
  return std::string(config.status().message());
}

// The fault of a file with this one node, whose fields begin in line 3.
std::string FaultOfNode(const std::string& fields) {
  return FaultIn(absl::StrCat("ring: r\nnodes:\n", fields, "\n"));
}

constexpr char kState[] = R"(ring: cache
spec:
  layout: ketama
  replica_count: 2
  settings:
    key_hash: md5
nodes:
  - id: n2
    address: 10.0.0.2:80
    weight: 3
    zone: "no"
    labels: {rack: "7", "a b": ""}
    hash_key: seed
    virtual_node_count: 5
  - id: n1
)";

TEST(RingConfigTest, StatesARingWithItsSpecAndNodesInOrder) {
  const auto config = ReadRingConfig(kState, "f.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->kind, RingConfig::Kind::kState);
  EXPECT_EQ(config->ring, "cache");
  EXPECT_TRUE(config->has_spec);
  EXPECT_EQ(config->spec.spec.layout(), v1::LAYOUT_KETAMA);
  EXPECT_EQ(config->spec.spec.replica_count(), 2u);
  EXPECT_EQ(config->spec.spec.settings().key_hash(), "md5");
  EXPECT_EQ(config->spec.lines.Of("settings.key_hash"), 6);
  ASSERT_EQ(config->nodes.size(), 2u);
  const v1::Node& node = config->nodes[0].node;
  EXPECT_EQ(node.id(), "n2");
  EXPECT_EQ(node.address(), "10.0.0.2:80");
  EXPECT_EQ(node.weight(), 3u);
  EXPECT_EQ(node.zone(), "no");
  ASSERT_EQ(node.labels_size(), 2);
  EXPECT_EQ(node.labels().at("rack"), "7");
  EXPECT_EQ(node.labels().at("a b"), "");
  EXPECT_EQ(node.hash_key(), "seed");
  EXPECT_EQ(node.virtual_node_count(), 5u);
  EXPECT_EQ(config->nodes[0].lines.Of("weight"), 10);
  EXPECT_EQ(config->nodes[1].lines.Of("weight"), 15) << "that of the node";
}

TEST(RingConfigTest, NodesThatStateLittleHaveTheDefaults) {
  const auto config = ReadRingConfig(kState, "f.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->nodes[1].node.weight(), 1u);
  EXPECT_EQ(config->nodes[1].node.hash_key(), "n1");
}

TEST(RingConfigTest, JsonIsReadToo) {
  // Tabs, no line's end, and a pair of surrogates, as other programs write it.
  const auto config = ReadRingConfig(
      "{\n\t\"ring\": \"r\",\n\t\"nodes\": [\n\t\t{\"id\": \"a\", "
      "\"labels\": {\"k\": \"\\ud83d\\uDE00\\\\ud83d\\/\"},"
      "\"points\": [\"0-2\", \"7\", 9]}]}",
      "f.json");
  ASSERT_TRUE(config.ok()) << config.status();
  ASSERT_EQ(config->nodes.size(), 1u);
  const v1::Node& node = config->nodes[0].node;
  EXPECT_EQ(node.labels().at("k"), "😀\\ud83d/");
  EXPECT_EQ(std::vector<uint64_t>(node.points().begin(), node.points().end()),
            (std::vector<uint64_t>{0, 1, 2, 7, 9}));
}

TEST(RingConfigTest, TokensCanBeNegative) {
  const auto config = ReadRingConfig(
      "ring: r\nnodes:\n- {id: a, points: [-9223372036854775808, -1, 5]}\n",
      "f");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->nodes[0].node.points(0), 1ull << 63);
  EXPECT_EQ(config->nodes[0].node.points(1), ~0ull);
}

TEST(RingConfigTest, ListsChangesAndKeepsWhatIsNotStatedUnset) {
  const auto config = ReadRingConfig(R"(ring: r
changes:
  - add: {id: a, address: "h:1"}
    allow_update: true
  - update:
      id: b
      zone: ""
      weight: 2
  - remove: c
)",
                                     "f.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->kind, RingConfig::Kind::kChanges);
  ASSERT_EQ(config->changes.size(), 3u);
  const v1::NodeChange& add = config->changes[0].change;
  EXPECT_TRUE(add.allow_update());
  EXPECT_EQ(add.add().weight(), 0u);
  EXPECT_EQ(add.add().hash_key(), "");
  const v1::NodeUpdate& update = config->changes[1].change.update();
  EXPECT_EQ(update.node().id(), "b");
  EXPECT_EQ(absl::StrJoin(update.update_mask().paths(), " "), "weight zone");
  EXPECT_EQ(config->changes[2].change.remove(), "c");
}

TEST(RingConfigTest, UnknownAndForbiddenFieldsAreNamedWithTheirLine) {
  EXPECT_EQ(FaultIn("ring: r\nnode: []\n"),
            "f.yaml:2: field \"node\": is unknown; use one of ring, spec, "
            "nodes, changes");
  EXPECT_EQ(FaultOfNode("- id: a\n  wieght: 2"),
            "f.yaml:4: field \"wieght\": is unknown; use one of id, address, "
            "weight, zone, labels, hash_key, points, virtual_node_count");
  EXPECT_THAT(
      FaultIn("ring: r\nspec:\n  settings:\n    key: md5\nnodes: []\n"),
      StartsWith("f.yaml:4: field \"settings.key\": is unknown; use o"));
  EXPECT_EQ(FaultOfNode("- id: a\n  ordinal: 3"),
            "f.yaml:4: field \"ordinal\": is assigned by the server; remove "
            "it");
  EXPECT_NE(FaultIn("ring: r\nspec: {name: x}\nnodes: []\n").find(":2: field"),
            std::string::npos);
  EXPECT_NE(FaultIn("ring: r\nspec:\n  migrating_from: x\nnodes: []\n")
                .find("clockwise migrate"),
            std::string::npos);
  EXPECT_NE(FaultIn("ring: r\nchanges:\n- update: {id: a, hash_key: k}\n")
                .find("field \"hash_key\": cannot change"),
            std::string::npos);
}

TEST(RingConfigTest, RepeatsNameBothLines) {
  EXPECT_EQ(FaultIn("ring: r\nnodes: []\nring: r\n"),
            "f.yaml:3: field \"ring\": repeats line 1; remove one of them");
  EXPECT_EQ(FaultOfNode("- id: a\n  zone: x\n  zone: x"),
            "f.yaml:5: field \"zone\": repeats line 4; remove one of them");
  EXPECT_EQ(FaultOfNode("- id: a\n  labels:\n    k: v\n    k: v"),
            "f.yaml:6: field \"k\": repeats line 5; remove one of them");
  EXPECT_EQ(FaultOfNode("- id: a\n- id: b\n- id: a"),
            "f.yaml:5: field \"id\": \"a\" repeats line 3; remove one of them");
  EXPECT_EQ(FaultIn("ring: r\nchanges:\n- remove: a\n- add: {id: a}\n"),
            "f.yaml:4: field \"id\": \"a\" repeats line 3; remove one of them");
}

TEST(RingConfigTest, TextThatYamlReadsAsAnotherTypeIsRefused) {
  for (const char* zone : {"no", "1e3", "7", "2001-12-14", "null", "~", "",
                           "[a]", "{a: b}", "!!int 7", "!x y"}) {
    const std::string fault =
        FaultOfNode(absl::StrCat("- id: a\n  zone: ", zone));
    EXPECT_THAT(fault, StartsWith("f.yaml:4: field \"zone\": "));
  }
  EXPECT_EQ(FaultOfNode("- id: 7"),
            "f.yaml:3: field \"id\": \"7\" is a number, a boolean or a date in "
            "YAML, and text is required; write it in double quotes");
  EXPECT_THAT(FaultOfNode("- id: a\n  labels: {yes: x}"),
              StartsWith("f.yaml:4: field \"labels\": \"yes\" is"));
  EXPECT_EQ(FaultOfNode("- {id: !!str 7}"), "no fault");
  EXPECT_EQ(FaultOfNode("- {id: '7'}"), "no fault");
}

TEST(RingConfigTest, NumbersAndBooleansHaveNoQuotes) {
  for (const char* weight : {"two", "\"2\"", "-1", "1.0", "1e3", "0x10", "010",
                             "+2", "4294967296", "[1]"}) {
    const std::string fault =
        FaultOfNode(absl::StrCat("- id: a\n  weight: ", weight));
    EXPECT_THAT(fault, StartsWith("f.yaml:4: field \"weight\": "));
    EXPECT_NE(fault.find("whole number"), std::string::npos) << fault;
  }
  EXPECT_NE(FaultIn("ring: r\nspec: {settings: {avalanche: yes}}\nnodes: []\n")
                .find("field \"settings.avalanche\": \"yes\" is not a boolean"),
            std::string::npos);
}

TEST(RingConfigTest, BoundsOfFieldsAreThoseOfTheServer) {
  EXPECT_EQ(FaultOfNode("- id: a\n  weight: 65536"),
            "f.yaml:4: field \"weight\": 65536 is not from 0 to 65535");
  EXPECT_THAT(FaultOfNode("- zone: z"),
              StartsWith("f.yaml:3: field \"id\": is "));
  EXPECT_THAT(FaultOfNode("- id: a b"),
              StartsWith("f.yaml:3: field \"id\": \"a b\" is"));
  EXPECT_THAT(FaultIn("ring: a b\nnodes: []\n"),
              StartsWith("f.yaml:1: field \"ring\": "));
  EXPECT_NE(FaultIn("ring: r\nchanges:\n- add: {id: a, weight: 65536}\n")
                .find(":3: field \"weight\""),
            std::string::npos);
  EXPECT_NE(
      FaultIn("ring: r\nspec: {layout: rign}\nnodes: []\n")
          .find(":2: field \"layout\": layout \"rign\" is unknown; use one of"),
      std::string::npos);
}

TEST(RingConfigTest, PointsAreNumbersAndRanges) {
  for (const char* points :
       {"5", "{a: b}", "[a]", "[5-3]", "[1.5]", "[\"\"]", "[\"1,2\"]",
        "[0-99999]", "[[1]]", "[0-16383, 20000]"}) {
    const std::string fault =
        FaultOfNode(absl::StrCat("- id: a\n  points: ", points));
    EXPECT_THAT(fault, StartsWith("f.yaml:4: field \"points\": "));
  }
}

TEST(RingConfigTest, AFileIsOneWholeDocument) {
  EXPECT_EQ(FaultIn(""), "f.yaml:1: the file is empty; state a ring");
  EXPECT_EQ(FaultIn("# only this\n"),
            "f.yaml:1: the file is empty; state a ring");
  EXPECT_EQ(
      FaultIn("ring: r\nnodes: []\n---\nring: s\nnodes: []\n"),
      "f.yaml:3: the document has ended; write one document in each file");
  EXPECT_EQ(FaultIn("{\"ring\": \"r\", \"nodes\": []}\n}]}"),
            "f.yaml:2: not YAML or JSON: illegal flow end");
  // yaml-cpp 0.7 finds documents without end in this text.
  EXPECT_EQ(
      FaultIn("{\"ring\": \"r\", \"nodes\": []}, 7"),
      "f.yaml:1: the document has ended; write one document in each file");
  EXPECT_EQ(FaultIn("---\nring: r\nnodes: []\n...\n# more\n"), "no fault");
  EXPECT_EQ(
      FaultIn("ring: r\nnodes:\n- id: a\n- id"),
      "f.yaml:4: the last line has no newline; the file may be truncated");
  EXPECT_THAT(FaultIn("{\"ring\": \"r\", \"nodes\": ["),
              StartsWith("f.yaml:1: not YAML or JSON: "));
  EXPECT_EQ(FaultIn("ring: \xff\n"),
            "f.yaml:1: the line is not UTF-8; correct it");
  EXPECT_THAT(FaultIn("- a\n"),
              StartsWith("f.yaml:1: field \"the file\": a list is not a map"));
  EXPECT_EQ(
      FaultIn("ring: r\n"),
      "f.yaml:1: field \"nodes\": is missing; state the nodes of the ring "
      "([] for none), or \"changes\"");
  EXPECT_EQ(FaultIn("ring: r\nnodes:\n"),
            "f.yaml:2: field \"nodes\": has no value; write a value, \"\" for "
            "empty text or [] for an empty list");
  EXPECT_EQ(
      FaultIn("nodes: []\nring: r\nchanges: []\n"),
      "f.yaml:3: field \"changes\": \"nodes\" is stated in line 1; remove "
      "one of them");
  EXPECT_EQ(FaultIn("ring: r\nspec: {}\nchanges: []\n"),
            "f.yaml:2: field \"spec\": cannot be combined with \"changes\"; "
            "remove it");
}

TEST(RingConfigTest, AChangeIsOneOfThreeKinds) {
  const auto fault = [](const std::string& change) {
    return FaultIn(absl::StrCat("ring: r\nchanges:\n- ", change, "\n"));
  };
  EXPECT_NE(fault("{}").find("without add, update and remove"),
            std::string::npos);
  EXPECT_NE(fault("allow_update: true").find("without add"), std::string::npos);
  EXPECT_NE(fault("{remove: a, add: {id: b}}").find("has one of"),
            std::string::npos);
  EXPECT_NE(fault("{remove: a, allow_update: true}").find("applies only"),
            std::string::npos);
  EXPECT_NE(fault("{upsert: {id: a}}").find("is unknown"), std::string::npos);
  EXPECT_NE(fault("{update: {id: a}}").find("states no field"),
            std::string::npos);
  EXPECT_NE(fault("{remove: \"a b\"}").find("field \"remove\""),
            std::string::npos);
}

TEST(RingConfigTest, FilesAndListsAboveTheBoundsAreRefused) {
  std::string text = "ring: r\nnodes: []\n#";
  text.resize(limits::kMaxRingConfigBytes - 1, 'x');
  text += '\n';
  EXPECT_EQ(FaultIn(text), "no fault");
  text.insert(text.size() - 1, "x");
  EXPECT_EQ(FaultIn(text),
            "f.yaml: the file has more than 16,777,216 bytes; split it");
  std::string changes = "ring: r\nchanges:\n";
  for (size_t i = 0; i < limits::kMaxChangesPerRequest; ++i) {
    absl::StrAppend(&changes, "- remove: n", i, "\n");
  }
  EXPECT_EQ(FaultIn(changes), "no fault");
  changes += "- remove: last\n";
  EXPECT_EQ(FaultIn(changes),
            "f.yaml:3: field \"changes\": has 10,001 entries, and 10,000 "
            "changes in one request is the limit; remove some");
}

TEST(RingConfigTest, NestingAndAliasesAreBounded) {
  EXPECT_NE(FaultIn(std::string(100'000, '[') + "\n"), "no fault");
  EXPECT_NE(FaultIn("a: &a [x, x]\nb: &b [*a, *a]\nring: *b\n"), "no fault");
  EXPECT_NE(FaultIn("ring: r\nnodes: &n\n- id: a\n  labels: *n\n"), "no fault");
}

}  // namespace
}  // namespace clockwise::cli
