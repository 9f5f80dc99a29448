#include "service/ring/node_list.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;

Ids IdsOf(const NodeList& nodes) {
  Ids ids;
  for (const NodePtr& node : nodes) ids.push_back(node->id());
  return ids;
}

TEST(NodeListTest, IsSortedByTheBytesOfIds) {
  const NodeList nodes = ListOf({NewNode("b"), NewNode("a"), NewNode("Z"),
                                 NewNode("a0"), NewNode("9"), NewNode("10")});
  EXPECT_THAT(IdsOf(nodes), ElementsAre("10", "9", "Z", "a", "a0", "b"));
  EXPECT_TRUE(IsSorted(nodes));
}

TEST(NodeListTest, PuttingANodeInReplacesTheOneWithItsId) {
  const NodeList nodes =
      WithChanges(ListOf({NewNode("a", 1), NewNode("b", 1)}),
                  {{"a", std::make_shared<const v1::Node>(NewNode("a", 7))},
                   {"c", std::make_shared<const v1::Node>(NewNode("c", 3))}});
  EXPECT_THAT(IdsOf(nodes), ElementsAre("a", "b", "c"));
  EXPECT_EQ(FindNode(nodes, "a")->weight(), 7u);
  EXPECT_EQ(FindNode(nodes, "b")->weight(), 1u);
}

TEST(NodeListTest, FindsOnlyWhatIsThere) {
  const NodeList nodes = ListOf({NewNode("b"), NewNode("d")});
  EXPECT_EQ(FindNode(nodes, "b")->id(), "b");
  EXPECT_EQ(FindNode(nodes, "d")->id(), "d");
  for (const char* id : {"", "a", "c", "e", "bb"}) {
    EXPECT_EQ(FindNode(nodes, id), nullptr) << id;
  }
  EXPECT_EQ(FindNode({}, "a"), nullptr);
}

TEST(NodeListTest, LowerBoundIsTheNodeOrTheFirstBehindIt) {
  const NodeList nodes = ListOf({NewNode("b"), NewNode("d")});
  EXPECT_EQ(LowerBound(nodes, "a"), 0u);
  EXPECT_EQ(LowerBound(nodes, "b"), 0u);
  EXPECT_EQ(LowerBound(nodes, "c"), 1u);
  EXPECT_EQ(LowerBound(nodes, "d"), 1u);
  EXPECT_EQ(LowerBound(nodes, "e"), 2u);
}

TEST(NodeListTest, TakingANodeOutTakesThatOneAlone) {
  const NodeList nodes = ListOf({NewNode("a"), NewNode("b"), NewNode("c")});
  EXPECT_THAT(IdsOf(WithChanges(nodes, {{"bb", nullptr}})),
              ElementsAre("a", "b", "c"));
  EXPECT_THAT(IdsOf(WithChanges(nodes, {{"b", nullptr}})),
              ElementsAre("a", "c"));
  EXPECT_TRUE(
      WithChanges(nodes, {{"a", nullptr}, {"b", nullptr}, {"c", nullptr}})
          .empty());
}

TEST(NodeListTest, SortedMeansWithoutDuplicates) {
  const auto node = [](const char* id) {
    return std::make_shared<const v1::Node>(NewNode(id));
  };
  EXPECT_TRUE(IsSorted({}));
  EXPECT_TRUE(IsSorted({node("a"), node("b")}));
  EXPECT_FALSE(IsSorted({node("b"), node("a")}));
  EXPECT_FALSE(IsSorted({node("a"), node("a")}));
}

}  // namespace
}  // namespace clockwise
