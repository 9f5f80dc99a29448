// Tests the output of `clockwise ring export`, and that reading it returns the
// same ring.
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/config/config_difference.h"
#include "client/cli/config/ring_config.h"
#include "service/ring/layout.h"
#include "service/ring/layout_settings.h"

namespace clockwise::cli {
namespace {

v1::Snapshot Cache() {
  v1::Snapshot ring;
  ring.mutable_spec()->set_name("cache");
  ring.mutable_spec()->set_layout(v1::LAYOUT_HASHED);
  ring.mutable_spec()->set_virtual_node_count(160);
  ring.mutable_spec()->set_replica_count(1);
  ring.mutable_spec()->set_migrating_from("old");
  v1::Node& a = *ring.add_nodes();
  a.set_id("a");
  a.set_weight(1);
  a.set_hash_key("a");
  a.set_ordinal(2);
  v1::Node& b = *ring.add_nodes();
  b.set_id("b");
  b.set_weight(2);
  b.set_hash_key("seed");
  b.set_ordinal(1);
  b.set_zone("no");
  b.set_address("10.0.0.2:80");
  (*b.mutable_labels())["rack"] = "7";
  (*b.mutable_labels())["a b"] = "";
  return ring;
}

TEST(RingConfigWriterTest, YamlHasNoDefaultsAndQuotesWhatYamlMisreads) {
  EXPECT_EQ(YamlRingConfig(Cache()),
            "# The desired state of a ring: `clockwise apply -f FILE` applies "
            "it.\n"
            "ring: cache\n"
            "spec:\n"
            "  layout: hashed\n"
            "  virtual_node_count: 160\n"
            "  replica_count: 1\n"
            "nodes:\n"
            "  - id: a\n"
            "  - id: b\n"
            "    address: 10.0.0.2:80\n"
            "    weight: 2\n"
            "    zone: \"no\"\n"
            "    labels:\n"
            "      \"a b\": \"\"\n"
            "      rack: \"7\"\n"
            "    hash_key: seed\n");
}

TEST(RingConfigWriterTest, JsonHasTheSameContent) {
  v1::Snapshot ring = Cache();
  ring.mutable_nodes()->RemoveLast();
  ring.mutable_nodes(0)->add_points(5);
  EXPECT_EQ(JsonRingConfig(ring),
            "{\n"
            "  \"ring\": \"cache\",\n"
            "  \"spec\": {\n"
            "    \"layout\": \"hashed\",\n"
            "    \"virtual_node_count\": 160,\n"
            "    \"replica_count\": 1\n"
            "  },\n"
            "  \"nodes\": [\n"
            "    {\n"
            "      \"id\": \"a\",\n"
            "      \"points\": [\"5\"]\n"
            "    }\n"
            "  ]\n"
            "}\n");
}

TEST(RingConfigWriterTest, NodesAreInTheOrderThatPlacementDependsOn) {
  v1::Snapshot ring = Cache();
  ring.mutable_spec()->set_layout(v1::LAYOUT_NGINX);
  const std::string text = YamlRingConfig(ring);
  EXPECT_LT(text.find("id: b"), text.find("id: a"));
}

TEST(RingConfigWriterTest, PointsAreRangesInLinesOfEightyColumns) {
  v1::Snapshot ring = Cache();
  v1::Node& node = *ring.mutable_nodes(0);
  for (uint64_t slot = 0; slot <= 5460; ++slot) node.add_points(slot);
  node.add_points(7000);
  node.add_points(7001);
  node.add_points(static_cast<uint64_t>(-9));
  node.add_points(static_cast<uint64_t>(-8));
  node.add_points(static_cast<uint64_t>(-7));
  EXPECT_NE(YamlRingConfig(ring).find(
                "    points: [0-5460, 7000, 7001, -9, -8, -7]\n"),
            std::string::npos);
  for (uint64_t token = 0; token < 20; ++token) {
    node.add_points((1ull << 62) + token * 2);
  }
  const std::string text = YamlRingConfig(ring);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    EXPECT_LE(end - begin, 80u) << text.substr(begin, end - begin);
    begin = end + 1;
  }
}

TEST(RingConfigWriterTest, EveryFieldOfANodeIsReadBackAsItWas) {
  v1::Snapshot ring = Cache();
  v1::Node& node = *ring.mutable_nodes(1);
  const std::vector<std::string> nasty = {"yes",
                                          "1e3",
                                          "null",
                                          " x ",
                                          "\"",
                                          "'",
                                          "\\",
                                          "a\nb",
                                          "a: b",
                                          "#c",
                                          "- d",
                                          "é😀",
                                          "%e",
                                          "`f",
                                          "{g}",
                                          "[h]",
                                          "\u0085",
                                          "\u2028\ufeff",
                                          "a:",
                                          "!i",
                                          "&j",
                                          "*k",
                                          "|",
                                          ">",
                                          "\t",
                                          "\x01",
                                          "\x7f",
                                          "\\ud83d",
                                          "~",
                                          "0x1",
                                          "=",
                                          "<<",
                                          "?",
                                          "a\r\n b",
                                          std::string("\0", 1)};
  for (const std::string& text : nasty) {
    (*node.mutable_labels())[text] = absl::StrCat(text, "x", text);
  }
  for (const uint64_t point : {0ull, 1ull, 2ull, 7ull, ~0ull, 1ull << 63}) {
    node.add_points(point);
  }
  node.set_virtual_node_count(9);
  // Fields that may have no control characters.
  for (const char* text : {"yes", " 1e3", "é #: \"'\\", "{}[]", "- ", ":"}) {
    node.set_zone(text);
    node.set_address(absl::StrCat(text, "x"));
    node.set_hash_key(absl::StrCat("x", text));
    for (const std::string& file :
         {YamlRingConfig(ring), JsonRingConfig(ring)}) {
      const auto config = ReadRingConfig(file, "f");
      ASSERT_TRUE(config.ok()) << config.status() << "\n" << file;
      ASSERT_EQ(config->nodes.size(), 2u);
      v1::Node read = config->nodes[1].node;
      read.set_ordinal(node.ordinal());
      EXPECT_EQ(read.DebugString(), node.DebugString());
    }
  }
}

TEST(RingConfigWriterTest, TheSpecOfEveryLayoutIsReadBackAsItWas) {
  for (const LayoutRule& rule : Layouts()) {
    v1::RingSpec spec;
    spec.set_name("r");
    spec.set_layout(rule.layout);
    std::vector<v1::RingSpec> specs = {spec};
    v1::LayoutSettings& settings = *spec.mutable_settings();
    const profile::Takes& takes = rule.traits->takes;
    if (takes.hash_tag) settings.set_hash_tag("{}");
    if (takes.avalanche) settings.set_avalanche(false);
    if (takes.sort_hosts) settings.set_sort_hosts(true);
    if (takes.ring_size) settings.set_min_ring_size(64);
    if (takes.table_size) settings.set_table_size(257);
    if (takes.points_per_hash) settings.set_points_per_hash(2);
    if (takes.data_centres) {
      (*settings.mutable_data_centre_replicas())["yes"] = 2;
      (*settings.mutable_data_centre_replicas())["dc 2"] = 1;
    }
    if (takes.localities) {
      (*settings.mutable_locality_weights())["a"] = 0;
      (*settings.mutable_locality_weights())["b"] = 3;
    }
    specs.push_back(spec);
    for (const v1::RingSpec& asked : specs) {
      v1::Snapshot ring;
      const auto normal = NormalizeSpec(asked);
      ASSERT_TRUE(normal.ok()) << rule.name() << normal.status();
      *ring.mutable_spec() = *normal;
      for (const std::string& file :
           {YamlRingConfig(ring), JsonRingConfig(ring)}) {
        const auto config = ReadRingConfig(file, "f");
        ASSERT_TRUE(config.ok()) << config.status() << "\n" << file;
        v1::RingSpec read = config->spec.spec;
        read.set_name("r");
        EXPECT_EQ(NormalizeSpec(read)->DebugString(), normal->DebugString());
        const auto difference = DifferenceOf(*config, ring, {.prune = true});
        EXPECT_TRUE(difference.ok()) << difference.status();
      }
    }
  }
}

}  // namespace
}  // namespace clockwise::cli
