// Tests that the JSON of messages is protobuf's, also for long lists, which are
// converted apart.
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

std::string OfProtobuf(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string json;
  EXPECT_TRUE(
      google::protobuf::util::MessageToJsonString(message, &json, options)
          .ok());
  return json;
}

TEST(JsonTest, ListsOfAllLengthsAreReadBackAsTheyWere) {
  for (const int size : {0, 1, 255, 256, 257, 1'000}) {
    const v1::GetRingResponse ring = RingOfLists(size);
    const auto json = ToJson(ring);
    ASSERT_TRUE(json.ok()) << json.status();
    v1::GetRingResponse back;
    ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(*json, &back).ok());
    EXPECT_TRUE(MessageDifferencer::Equals(ring, back)) << size;
    // The doubles may have other digits; everything else is the same text.
    v1::GetRingResponse rounded = ring;
    rounded.mutable_snapshot()->mutable_shares()->Clear();
    EXPECT_EQ(*ToJson(rounded), OfProtobuf(rounded)) << size;
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
  v1::GetRingResponse back;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(json, &back).ok());
  EXPECT_EQ(back.snapshot().shares(3), 5e-324);
}

TEST(JsonTest, ListsOfMessagesHaveTheTextOfProtobuf) {
  v1::CompareEpochsResponse one;
  v1::Comparison& comparison = *one.mutable_comparison();
  for (int i = 0; i < 300; ++i) {
    comparison.add_moves()->set_start(static_cast<uint64_t>(i));
  }
  EXPECT_EQ(*ToJson(one), OfProtobuf(one));
}

}  // namespace
}  // namespace clockwise
