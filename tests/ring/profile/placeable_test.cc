// Nodes that a layout cannot place are rejected with one clear line each, and
// others are accepted.
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/ring/layout_settings.h"
#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

v1::RingSpec SpecOf(v1::Layout layout,
                    const std::function<void(v1::RingSpec&)>& set = nullptr) {
  v1::RingSpec spec;
  spec.set_layout(layout);
  if (set) set(spec);
  const auto normal = NormalizeSpec(spec);
  EXPECT_TRUE(normal.ok()) << normal.status();
  return normal.value_or(spec);
}

std::string RefusalOf(const v1::RingSpec& spec, const Nodes& nodes) {
  const auto ring = Ring::Build(spec, ListOf(nodes));
  if (ring.ok()) return "";
  EXPECT_EQ(ReasonOf(ring.status()), v1::ERROR_REASON_NODES_UNPLACEABLE);
  EXPECT_EQ(ring.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(ring.status().message());
}

v1::Node WithPoints(v1::Node node, const std::vector<uint64_t>& points) {
  node.mutable_points()->Assign(points.begin(), points.end());
  return node;
}

TEST(PlaceableTest, AWeightThatTheSystemHasNot) {
  EXPECT_EQ(RefusalOf(SpecOf(v1::LAYOUT_KETAMA), {NewNode("a", 2)}),
            "node \"a\": weight: 2; layout ketama does not support weights; "
            "use 1");
  EXPECT_EQ(RefusalOf(SpecOf(v1::LAYOUT_HAPROXY), {NewNode("1", 257)}),
            "node \"1\": weight: 257 is above 256, the maximum of layout "
            "haproxy");
  EXPECT_EQ(RefusalOf(SpecOf(v1::LAYOUT_HAPROXY), {NewNode("1", 256)}), "");
  EXPECT_EQ(RefusalOf(SpecOf(v1::LAYOUT_NGINX), {NewNode("a", 257)}), "");
}

TEST(PlaceableTest, AHaproxyServerWithoutANumber) {
  for (const char* id : {"a", "0", "01", "4294967296", "1.5"}) {
    EXPECT_EQ(RefusalOf(SpecOf(v1::LAYOUT_HAPROXY), {NewNode(id)}),
              absl::StrCat("node \"", id, "\": hash_key: \"", id,
                           "\" is not a server id of HAProxy; use a number "
                           "from 1 to 4294967295"));
  }
}

TEST(PlaceableTest, TwoNodesOfOneText) {
  const Nodes nodes = {NewNode("a", 1, "", "x"), NewNode("b", 1, "", "x")};
  EXPECT_EQ(RefusalOf(SpecOf(v1::LAYOUT_NGINX), nodes),
            "node \"b\": hash_key: \"x\" is also the hash_key of node "
            "\"a\"; use another");
  EXPECT_EQ(RefusalOf(SpecOf(v1::LAYOUT_HASHED), nodes), "");
}

TEST(PlaceableTest, PointsWhereTheLayoutTakesNone) {
  for (const v1::Layout layout : {v1::LAYOUT_HASHED, v1::LAYOUT_PARTITIONED,
                                  v1::LAYOUT_MODULO, v1::LAYOUT_ENVOY_MAGLEV}) {
    const v1::RingSpec spec = SpecOf(layout);
    EXPECT_EQ(RefusalOf(spec, {WithPoints(NewNode("a"), {7})}),
              absl::StrCat("node \"a\": points: is not used by layout ",
                           FindLayout(layout)->name(), "; unset it"));
  }
}

TEST(PlaceableTest, VnodesOfItsOwnWhereTheLayoutHasNone) {
  v1::Node node = NewNode("a");
  node.set_virtual_node_count(9);
  EXPECT_EQ(RefusalOf(SpecOf(v1::LAYOUT_NGINX), {node}),
            "node \"a\": virtual_node_count: is not used by layout nginx; "
            "unset it");
  EXPECT_EQ(RefusalOf(SpecOf(v1::LAYOUT_UHASHRING), {node}), "");
}

TEST(PlaceableTest, CassandraTokens) {
  const v1::RingSpec spec = SpecOf(v1::LAYOUT_CASSANDRA);
  const uint64_t least = uint64_t{1} << 63;
  EXPECT_EQ(RefusalOf(spec, {NewNode("a")}),
            "node \"a\": points: is empty; set at least one token");
  EXPECT_EQ(RefusalOf(spec, {WithPoints(NewNode("a"), {5, least}),
                             WithPoints(NewNode("b"), {least})}),
            "node \"b\": points: -9223372036854775808 is also a point of "
            "node \"a\"; remove one of them");
  EXPECT_EQ(RefusalOf(spec, {WithPoints(NewNode("a"), {5, 6, 5})}),
            "node \"a\": points: 5 is repeated; remove one of them");
  EXPECT_EQ(RefusalOf(spec, {WithPoints(NewNode("a"), {5, least})}), "");
}

// Returns two nodes with half of the 16,384 slots each.
Nodes RedisHalves() {
  Nodes nodes = {NewNode("a"), NewNode("b")};
  for (uint64_t slot = 0; slot < 16384; ++slot) {
    nodes[slot / 8192].add_points(slot);
  }
  return nodes;
}

TEST(PlaceableTest, EachRedisSlotIsOneNodes) {
  const v1::RingSpec spec = SpecOf(v1::LAYOUT_REDIS_CLUSTER);
  Nodes nodes = RedisHalves();
  EXPECT_EQ(RefusalOf(spec, nodes), "");
  nodes[1].set_points(0, 8191);
  EXPECT_EQ(RefusalOf(spec, nodes),
            "node \"b\": points: 8191 is also a point of node \"a\"; remove "
            "one of them");
  nodes[1].set_points(0, 16384);
  EXPECT_EQ(RefusalOf(spec, nodes),
            "node \"b\": points: 16384 is not from 0 to 16383");
  nodes = RedisHalves();
  nodes[1].mutable_points()->erase(nodes[1].points().begin());
  EXPECT_EQ(RefusalOf(spec, nodes),
            "points: slot 8192 has no node (16383 of 16384 have one); "
            "assign all slots in one change");
  EXPECT_EQ(RefusalOf(spec, {}), "");
}

TEST(PlaceableTest, ALocalityWithoutWeight) {
  const v1::RingSpec spec =
      SpecOf(v1::LAYOUT_ENVOY_RING_HASH, [](v1::RingSpec& asked) {
        auto& weights = *asked.mutable_settings()->mutable_locality_weights();
        weights["eu"] = 1;
        weights["us"] = 0;
      });
  EXPECT_EQ(RefusalOf(spec, {NewNode("a", 1, "asia")}),
            "node \"a\": zone: \"asia\" is not in locality_weights");
  EXPECT_EQ(RefusalOf(spec, {NewNode("a", 1, "us")}),
            "none of the 1 nodes has a place on the ring");
  EXPECT_EQ(RefusalOf(spec, {NewNode("a", 1, "us"), NewNode("b", 1, "eu")}),
            "");
}

TEST(PlaceableTest, NoNodeInADataCentreThatGetsReplicas) {
  const v1::RingSpec spec =
      SpecOf(v1::LAYOUT_CASSANDRA, [](v1::RingSpec& asked) {
        (*asked.mutable_settings()->mutable_data_centre_replicas())["eu"] = 2;
      });
  const v1::Node us = WithPoints(NewNode("a", 1, "us/r1"), {1});
  const v1::Node eu = WithPoints(NewNode("b", 1, "eu/r1"), {2});
  EXPECT_EQ(RefusalOf(spec, {us}),
            "node \"a\": zone: \"us/r1\": no node is in a data centre that "
            "has replicas in data_centre_replicas");
  const RingPtr ring = NewRing(spec, {us, eu});
  EXPECT_EQ(ring->OwnersPerKey(0), 1);
  EXPECT_EQ(OwnersAt(*ring, 0), Ids{"b"});
  EXPECT_EQ(OwnersAt(*ring, 0, 2), (Ids{"b", "a"}));
}

TEST(PlaceableTest, MorePointsOrWorkThanARingMayHave) {
  const auto reason = [](const v1::RingSpec& spec, const Nodes& nodes) {
    return ReasonOf(Ring::Build(spec, ListOf(nodes)).status());
  };
  const Nodes two = {NewNode("1", limits::kMaxWeight),
                     NewNode("2", limits::kMaxWeight)};
  EXPECT_EQ(reason(SpecOf(v1::LAYOUT_NGINX), two),
            v1::ERROR_REASON_LIMIT_REACHED);
  Nodes many;
  for (int i = 1; i <= 400; ++i) many.push_back(NewNode(absl::StrCat(i), 255));
  many[0].set_weight(256);  // no common divisor
  EXPECT_EQ(reason(SpecOf(v1::LAYOUT_HAPROXY_MAP), many),
            v1::ERROR_REASON_UNSPECIFIED);
  for (int i = 401; i <= 5000; ++i) {
    many.push_back(NewNode(absl::StrCat(i), 255));
  }
  EXPECT_EQ(reason(SpecOf(v1::LAYOUT_HAPROXY_MAP), many),
            v1::ERROR_REASON_LIMIT_REACHED);
  EXPECT_EQ(reason(SpecOf(v1::LAYOUT_CRC32_MODULO), NewNodes(300)),
            v1::ERROR_REASON_UNSPECIFIED);
  Nodes heavy = NewNodes(300);
  for (v1::Node& node : heavy) node.set_weight(limits::kMaxWeight);
  EXPECT_EQ(reason(SpecOf(v1::LAYOUT_CRC32_MODULO), heavy),
            v1::ERROR_REASON_LIMIT_REACHED);
}

TEST(PlaceableTest, TheOrderInWhichNodesJoinedIsPartOfTheFingerprint) {
  Nodes nodes = NewNodes(3);
  for (size_t i = 0; i < nodes.size(); ++i) nodes[i].set_ordinal(i + 1);
  Nodes later = nodes;
  for (v1::Node& node : later) node.set_ordinal(node.ordinal() * 7);
  Nodes turned = nodes;
  turned[0].set_ordinal(9);
  for (const v1::Layout layout : {v1::LAYOUT_NGINX, v1::LAYOUT_MD5_MODULO}) {
    const v1::RingSpec spec = SpecOf(layout);
    EXPECT_EQ(NewRing(spec, nodes)->fingerprint(),
              NewRing(spec, later)->fingerprint());
    EXPECT_NE(NewRing(spec, nodes)->fingerprint(),
              NewRing(spec, turned)->fingerprint());
  }
  const v1::RingSpec hashed = SpecOf(v1::LAYOUT_HASHED);
  EXPECT_EQ(NewRing(hashed, nodes)->fingerprint(),
            NewRing(hashed, turned)->fingerprint());
}

}  // namespace
}  // namespace clockwise
