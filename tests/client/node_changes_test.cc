#include "client/cli/tables/node_changes.h"

#include <gtest/gtest.h>

#include "google/protobuf/text_format.h"

namespace clockwise::cli {
namespace {

// Returns the text of `ring history` for a change.
std::string Describe(const std::string& text) {
  v1::Change change;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &change));
  return DescribeChange(change, Terminal{80, true});
}

// Returns what changed when a node with the fields `before` gets `after`.
std::string Update(const std::string& before, const std::string& after) {
  return Describe("before { id: 'n' " + before + " } upserted { id: 'n' " +
                  after + " }");
}

TEST(NodeChangesTest, EachFieldIsShownWithItsOldAndItsNewValue) {
  EXPECT_EQ(Update("address: 'a:1'", "address: 'b:2'"),
            "changed n (address a:1 → b:2)");
  EXPECT_EQ(Update("weight: 1", "weight: 0"), "changed n (weight 1 → 0)");
  EXPECT_EQ(Update("zone: 'x'", ""), "changed n (zone x → none)");
  EXPECT_EQ(Update("labels { key: 'k' value: '1' }",
                   "labels { key: 'k' value: '2' }"),
            "changed n (label k =1 → =2)");
  EXPECT_EQ(Update("points: [1, 2]", "points: [1]"),
            "changed n (points 2 → 1)");
  EXPECT_EQ(Update("points: [1, 2]", "points: [1, 3]"),
            "changed n (points 2 → 2 others)");
  EXPECT_EQ(Update("", "virtual_node_count: 7"),
            "changed n (virtual_node_count none → 7)");
  EXPECT_EQ(Update("hash_key: 'a'", "hash_key: 'b'"),
            "changed n (hash_key a → b)");
  EXPECT_EQ(Update("zone: 'x' weight: 2", "zone: 'y' weight: 3"),
            "changed n (weight 2 → 3, zone x → y)");
}

TEST(NodeChangesTest, EveryKindOfChangeHasItsText) {
  EXPECT_EQ(Describe("added_ids: 'n' upserted { id: 'n' address: 'a:1' } "
                     "before { id: 'm' } removed_ids: 'm'"),
            "added n (a:1), removed m");
  EXPECT_EQ(Describe("undeleted { reason: 'x' }"), "restored the deleted ring");
  EXPECT_EQ(Describe("undeleted {} ended_migration_from: 'old'"),
            "restored the deleted ring, ended the migration from ring old");
  // A server of an older version does not send the nodes before the change.
  EXPECT_EQ(Describe("upserted { id: 'n' }"), "changed n");
}

}  // namespace
}  // namespace clockwise::cli
