#include "client/cli/tables/watch_view.h"

#include <gtest/gtest.h>

#include "google/protobuf/text_format.h"

namespace clockwise::cli {
namespace {

v1::WatchResponse Message(const std::string& text) {
  v1::WatchResponse message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message));
  return message;
}

class WatchViewTest : public testing::Test {
 protected:
  void SetUp() override {
    EXPECT_EQ(view_.Describe(Message(
                  R"(snapshot { epoch: 7 incarnation: 5
                      spec { name: "default" layout: LAYOUT_HASHED
                             virtual_node_count: 160 replica_count: 1 }
                      nodes { id: "n1" weight: 1 }
                      nodes { id: "n2" weight: 1 zone: "a" } })")),
              "epoch 7: ring default, hashed, 160 points per unit of weight, "
              "1 owner per key, 2 nodes");
  }

  WatchView view_{Terminal{80, true}};
};

TEST_F(WatchViewTest, AddedNodeIsToldWithWhatItTakesFromWhom) {
  EXPECT_EQ(view_.Describe(Message(
                R"(delta { from_epoch: 7 epoch: 8 incarnation: 5
                    upserted { id: "n3" address: "h:1" zone: "b" weight: 2 }
                    moved_ratio: 0.375
                    transfers { from_id: "n2" to_id: "n3" ratio: 0.25 }
                    transfers { from_id: "n1" to_id: "n3" ratio: 0.125 } })")),
            "epoch 8: added n3 (h:1, zone b, weight 2); 37.5 % moved: "
            "n2 → n3 25.0 %, n1 → n3 12.5 %");
  EXPECT_EQ(view_.epoch(), 8u);
  EXPECT_EQ(view_.incarnation(), 5u);
}

TEST_F(WatchViewTest, ChangedNodeIsToldFieldByField) {
  EXPECT_EQ(
      view_.Describe(Message(
          R"(delta { from_epoch: 7 epoch: 8 incarnation: 5
                    upserted { id: "n2" weight: 3
                               labels { key: "k" value: "v" } } })")),
      "epoch 8: changed n2 (weight 1 → 3, zone a → none, label k none → =v)");
}

TEST_F(WatchViewTest, SkippedEpochsAreSaidToBe) {
  EXPECT_EQ(view_.Describe(Message(
                R"(delta { from_epoch: 7 epoch: 10 incarnation: 5
                    removed_ids: "n1" })")),
            "epoch 10 (since 7): removed n1");
}

TEST_F(WatchViewTest, LaterSnapshotTellsWhatIsDifferent) {
  EXPECT_EQ(view_.Describe(Message(
                R"(snapshot { epoch: 2 incarnation: 6
                    spec { name: "default" layout: LAYOUT_MODULO replica_count: 1 }
                    nodes { id: "n1" weight: 1 } })")),
            "epoch 2: ring default was created again, modulo, 1 owner per key, "
            "1 node; removed n2");
  EXPECT_EQ(view_.incarnation(), 6u);
}

TEST_F(WatchViewTest, HeartbeatsAreSilentAndMoveNothing) {
  EXPECT_EQ(view_.Describe(Message("heartbeat { epoch: 9 incarnation: 5 }")),
            "");
  EXPECT_EQ(view_.epoch(), 7u);
}

TEST_F(WatchViewTest, ManyNodesAreOneLineAllTheSame) {
  v1::WatchResponse message;
  message.mutable_delta()->set_from_epoch(7);
  message.mutable_delta()->set_epoch(8);
  for (int i = 0; i < 100; ++i) {
    message.mutable_delta()->add_upserted()->set_id("x" + std::to_string(i));
  }
  EXPECT_NE(view_.Describe(message).find("and 94 more"), std::string::npos);
}

}  // namespace
}  // namespace clockwise::cli
