// Tests that protobuf reads the JSON of messages, and the forms that differ.
#include "service/api/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "clockwise/v1/placement.pb.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"

namespace clockwise {
namespace {

using google::protobuf::util::MessageDifferencer;

// A ring in which each list has `size` elements.
v1::GetRingResponse RingOfLists(int size) {
  v1::GetRingResponse response;
  v1::Snapshot& ring = *response.mutable_snapshot();
  ring.set_epoch(7);
  ring.mutable_spec()->set_name("a \"pointNodes\":[] b");
  ring.mutable_balance()->set_peak_to_mean(1.25);
  std::mt19937_64 random(5);
  for (int i = 0; i < size; ++i) {
    v1::Node& node = *ring.add_nodes();
    node.set_id(absl::StrCat("n\"", i));
    (*node.mutable_labels())["nodes\":[]"] = "\"shares\":[]";
    (*node.mutable_labels())["pointNodes"] = "[]";
    ring.add_shares(std::generate_canonical<double, 53>(random));
    ring.add_point_positions(random());
    ring.add_point_nodes(static_cast<uint32_t>(random()));
    ring.add_partition_owners(static_cast<uint32_t>(i));
  }
  return response;
}

// Reads JSON back. The test messages have no fingerprint and no layout, which
// have forms of their own.
template <typename Type>
Type ReadBack(const std::string& json) {
  Type message;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &message).ok())
      << json;
  return message;
}

// Removes what cannot be read back.
std::string WithoutOwnForms(std::string json) {
  for (const char* text : {"\"fingerprint\":\"0000000000000000\",",
                           "\"layout\":\"unspecified\","}) {
    for (size_t at = json.find(text); at != std::string::npos;
         at = json.find(text)) {
      json.erase(at, std::string(text).size());
    }
  }
  return json;
}

TEST(JsonTest, ListsOfAllLengthsAreReadBackAsTheyWere) {
  for (const int size : {0, 1, 255, 256, 257, 1'000}) {
    const v1::GetRingResponse ring = RingOfLists(size);
    const auto json = ToJson(ring);
    ASSERT_TRUE(json.ok()) << json.status();
    EXPECT_TRUE(MessageDifferencer::Equals(
        ring, ReadBack<v1::GetRingResponse>(WithoutOwnForms(*json))))
        << size;
  }
}

TEST(JsonTest, NumbersWithoutDigitsAreNames) {
  v1::GetRingResponse ring = RingOfLists(300);
  auto& shares = *ring.mutable_snapshot()->mutable_shares();
  shares.Set(0, std::numeric_limits<double>::infinity());
  shares.Set(1, -std::numeric_limits<double>::infinity());
  shares.Set(2, std::numeric_limits<double>::quiet_NaN());
  shares.Set(3, 5e-324);
  const std::string json = *ToJson(ring);
  EXPECT_THAT(json, testing::HasSubstr(
                        "\"shares\":[\"Infinity\",\"-Infinity\",\"NaN\","));
  EXPECT_EQ(
      ReadBack<v1::GetRingResponse>(WithoutOwnForms(json)).snapshot().shares(3),
      5e-324);
}

TEST(JsonTest, EveryKindOfFieldHasItsForm) {
  v1::Change change;
  change.set_epoch(18'446'744'073'709'551'615u);
  change.set_fingerprint(0xAB);
  change.mutable_accept_time()->set_seconds(1'700'000'000);
  change.mutable_accept_time()->set_nanos(5'000'000);
  change.set_reason("a\"\\\n<b>\x7f\u00e4");
  v1::Node& node = *change.add_upserted();
  (*node.mutable_labels())["b"] = "2";
  (*node.mutable_labels())["a"] = "1";
  (*node.mutable_labels())["fingerprint"] = "7";
  const std::string json = *ToJson(change);
  for (const char* text : {R"("epoch":"18446744073709551615")",
                           R"("fingerprint":"00000000000000ab")",
                           R"("acceptTime":"2023-11-14T22:13:20.005Z")",
                           R"("reason":"a\"\\\u000a\u003cb\u003e\u007fä")",
                           R"("labels":{"a":"1","b":"2","fingerprint":"7"})",
                           R"("removedIds":[])"}) {
    EXPECT_THAT(json, testing::HasSubstr(text));
  }
  EXPECT_THAT(json, testing::Not(testing::HasSubstr("comparison")));
  v1::RingSpec spec;
  spec.set_layout(v1::LAYOUT_HAPROXY_3);
  EXPECT_THAT(*ToJson(spec), testing::HasSubstr(R"("layout":"haproxy_3")"));
  v1::NodeUpdate update;
  update.mutable_update_mask()->add_paths("virtual_node_count");
  EXPECT_EQ(*ToJson(update), R"({"updateMask":"virtualNodeCount"})");
  v1::LocateRequest locate;
  locate.set_key("\xff\x01");
  EXPECT_THAT(*ToJson(locate), testing::HasSubstr(R"("key":"/wE=")"));
  node.set_zone("\xff");
  EXPECT_FALSE(ToJson(change).ok());
}

TEST(JsonTest, AListOfChangesLeavesOutWhatWasNotComputed) {
  v1::ListChangesResponse page;
  page.add_changes()->mutable_comparison()->set_moved_ratio(0.5);
  EXPECT_THAT(*ToJson(page), testing::HasSubstr("\"moves\":[]"));
  const std::string json = *ToJson(page, JsonLists::kOmitMoves);
  EXPECT_THAT(json, testing::HasSubstr("\"movedRatio\":0.5"));
  for (const char* name : {"moves", "transfers", "shareChanges", "Truncated"}) {
    EXPECT_THAT(json, testing::Not(testing::HasSubstr(name)));
  }
}

}  // namespace
}  // namespace clockwise
