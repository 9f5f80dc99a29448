// RingSpec.settings: bounds, defaults, and settings that a layout does not
// have.
#include <functional>
#include <string>

#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "service/api/refusal.h"
#include "service/ring/layout.h"
#include "service/ring/layout_settings.h"
#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

using Set = std::function<void(v1::RingSpec&)>;

absl::StatusOr<v1::RingSpec> Normal(v1::Layout layout, const Set& set) {
  v1::RingSpec spec;
  spec.set_layout(layout);
  set(spec);
  return NormalizeSpec(spec);
}

std::string RefusalOf(v1::Layout layout, const Set& set) {
  const auto normal = Normal(layout, set);
  if (normal.ok()) return "";
  EXPECT_EQ(ReasonOf(normal.status()), v1::ERROR_REASON_FIELD_INVALID);
  return std::string(normal.status().message());
}

Set Settings(const std::function<void(v1::LayoutSettings&)>& set) {
  return [set](v1::RingSpec& spec) { set(*spec.mutable_settings()); };
}

TEST(ProfileSettingsTest, DefaultsAreFilledInAndNormalizingAgainChangesNone) {
  for (const LayoutRule& rule : Layouts()) {
    SCOPED_TRACE(rule.name());
    const auto once = Normal(rule.layout, [](v1::RingSpec&) {});
    ASSERT_TRUE(once.ok());
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(
        *once, NormalizeSpec(*once).value()));
  }
  const Set none = [](v1::RingSpec&) {};
  EXPECT_EQ(SpecText(*Normal(v1::LAYOUT_HAPROXY, none)),
            "haproxy, key_hash sdbm, avalanche on, 1 owner per key");
  EXPECT_EQ(SpecText(*Normal(v1::LAYOUT_GRPC_RING_HASH, none)),
            "grpc_ring_hash, min_ring_size 1024, max_ring_size 4096, 1 owner "
            "per key");
  EXPECT_EQ(SpecText(*Normal(v1::LAYOUT_NPM_HASHRING, none)),
            "npm_hashring, 40 vnodes, points_per_hash 4, 1 owner per key");
}

TEST(ProfileSettingsTest, HaproxyMixesNoFunctionThatIsNamed) {
  const auto avalanche = [](v1::Layout layout, const char* hash) {
    return Normal(layout, Settings([hash](auto& s) { s.set_key_hash(hash); }))
        ->settings()
        .avalanche();
  };
  EXPECT_TRUE(avalanche(v1::LAYOUT_HAPROXY, ""));
  EXPECT_FALSE(avalanche(v1::LAYOUT_HAPROXY, "sdbm"));
  EXPECT_FALSE(avalanche(v1::LAYOUT_HAPROXY_MAP, ""));
}

TEST(ProfileSettingsTest, ASettingThatTheLayoutHasNotIsRefused) {
  const std::string none = ": layout nginx has no such setting";
  const auto refused = [](const std::function<void(v1::LayoutSettings&)>& set) {
    return RefusalOf(v1::LAYOUT_NGINX, Settings(set));
  };
  EXPECT_EQ(refused([](auto& s) { s.set_key_hash("md5"); }),
            "spec.settings.key_hash" + none);
  EXPECT_EQ(refused([](auto& s) { s.set_hash_tag("{}"); }),
            "spec.settings.hash_tag" + none);
  EXPECT_EQ(refused([](auto& s) { s.set_avalanche(false); }),
            "spec.settings.avalanche" + none);
  EXPECT_EQ(refused([](auto& s) { s.set_sort_hosts(true); }),
            "spec.settings.sort_hosts" + none);
  EXPECT_EQ(refused([](auto& s) { s.set_min_ring_size(1); }),
            "spec.settings.min_ring_size" + none);
  EXPECT_EQ(refused([](auto& s) { s.set_max_ring_size(1); }),
            "spec.settings.max_ring_size" + none);
  EXPECT_EQ(refused([](auto& s) { s.set_point_hash("xx_hash"); }),
            "spec.settings.point_hash" + none);
  EXPECT_EQ(refused([](auto& s) { s.set_table_size(7); }),
            "spec.settings.table_size" + none);
  EXPECT_EQ(refused([](auto& s) { s.set_points_per_hash(4); }),
            "spec.settings.points_per_hash" + none);
  EXPECT_EQ(refused([](auto& s) { (*s.mutable_locality_weights())["a"] = 1; }),
            "spec.settings.locality_weights" + none);
  EXPECT_EQ(
      refused([](auto& s) { (*s.mutable_data_centre_replicas())["a"] = 1; }),
      "spec.settings.data_centre_replicas" + none);
}

TEST(ProfileSettingsTest, EachSettingHasItsBounds) {
  EXPECT_EQ(
      RefusalOf(v1::LAYOUT_HAPROXY,
                Settings([](auto& s) { s.set_key_hash("md5"); })),
      "spec.settings.key_hash: \"md5\" is unknown; use one of sdbm, djb2, "
      "wt6, crc32");
  EXPECT_EQ(RefusalOf(v1::LAYOUT_TWEMPROXY_MODULA,
                      Settings([](auto& s) { s.set_hash_tag("{"); })),
            "spec.settings.hash_tag: \"{\" is not two characters");
  EXPECT_EQ(RefusalOf(v1::LAYOUT_ENVOY_RING_HASH,
                      Settings([](auto& s) { s.set_max_ring_size(8388609); })),
            "spec.settings.max_ring_size: 8388609 is not from 1 to 8388608");
  EXPECT_EQ(RefusalOf(v1::LAYOUT_ENVOY_RING_HASH,
                      Settings([](auto& s) { s.set_point_hash("crc"); })),
            "spec.settings.point_hash: \"crc\" is unknown; use one of "
            "xx_hash, murmur_hash_2");
  EXPECT_EQ(RefusalOf(v1::LAYOUT_ENVOY_MAGLEV,
                      Settings([](auto& s) { s.set_table_size(65536); })),
            "spec.settings.table_size: 65536 is not a prime number");
  EXPECT_EQ(RefusalOf(v1::LAYOUT_ENVOY_MAGLEV,
                      Settings([](auto& s) { s.set_table_size(5000012); })),
            "spec.settings.table_size: 5000012 is not from 1 to 5000011");
  EXPECT_EQ(RefusalOf(v1::LAYOUT_ENVOY_MAGLEV,
                      Settings([](auto& s) { s.set_table_size(1); })),
            "spec.settings.table_size: 1 is not a prime number");
  EXPECT_EQ(RefusalOf(v1::LAYOUT_NPM_HASHRING,
                      Settings([](auto& s) { s.set_points_per_hash(5); })),
            "spec.settings.points_per_hash: 5 is not from 1 to 4");
  EXPECT_EQ(RefusalOf(v1::LAYOUT_UHASHRING,
                      [](auto& spec) { spec.set_virtual_node_count(65537); }),
            "spec.virtual_node_count: 65537 is not from 1 to 65536");
}

TEST(ProfileSettingsTest, ReplicasAreTheSumOverTheDataCentres) {
  const auto with = [](uint32_t asked, uint32_t eu, uint32_t us) -> Set {
    return [=](v1::RingSpec& spec) {
      spec.set_replica_count(asked);
      auto& dcs = *spec.mutable_settings()->mutable_data_centre_replicas();
      dcs["eu"] = eu;
      dcs["us"] = us;
    };
  };
  EXPECT_EQ(Normal(v1::LAYOUT_CASSANDRA, with(0, 2, 3))->replica_count(), 5);
  EXPECT_EQ(RefusalOf(v1::LAYOUT_CASSANDRA, with(3, 2, 3)),
            "spec.replica_count: 3 is not the sum of data_centre_replicas, 5");
  EXPECT_EQ(RefusalOf(v1::LAYOUT_CASSANDRA, with(0, 0, 0)),
            "spec.settings.data_centre_replicas: their sum, 0, is not from 1 "
            "to 64");
  EXPECT_EQ(RefusalOf(v1::LAYOUT_CASSANDRA, with(0, 60, 5)),
            "spec.settings.data_centre_replicas: their sum, 65, is not from 1 "
            "to 64");
  EXPECT_EQ(RefusalOf(v1::LAYOUT_CASSANDRA, with(0, 65, 0)),
            "spec.settings.data_centre_replicas: \"eu\": 65 is not from 0 to "
            "64");
}

TEST(ProfileSettingsTest, AGrpcRingIsCapped) {
  const auto spec =
      Normal(v1::LAYOUT_GRPC_RING_HASH,
             Settings([](auto& s) { s.set_min_ring_size(9000); }));
  EXPECT_EQ(spec->settings().min_ring_size(), 4096);
  EXPECT_EQ(spec->settings().max_ring_size(), 4096);
}

TEST(ProfileSettingsTest, ARingMigratesFromAnotherOfAValidName) {
  EXPECT_EQ(RefusalOf(v1::LAYOUT_HASHED,
                      [](auto& spec) { spec.set_migrating_from("default"); }),
            "spec.migrating_from: is the ring itself; name another ring");
  EXPECT_NE(RefusalOf(v1::LAYOUT_HASHED,
                      [](auto& spec) { spec.set_migrating_from("a b"); }),
            "");
  const auto spec = Normal(v1::LAYOUT_HASHED, [](v1::RingSpec& asked) {
    asked.set_migrating_from("old");
  });
  EXPECT_EQ(spec->migrating_from(), "old");
  EXPECT_EQ(NewRing(*spec, NewNodes(3))->fingerprint(),
            NewRing(HashedSpec(160), NewNodes(3))->fingerprint());
}

}  // namespace
}  // namespace clockwise
