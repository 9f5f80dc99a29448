#include "client/cli/tables/locate_lines.h"

#include <gtest/gtest.h>

namespace clockwise::cli {
namespace {

v1::BatchLocateResponse TwoKeysTwoOwners() {
  v1::BatchLocateResponse response;
  response.set_epoch(7);
  for (const char* id : {"n1", "n2", "n3"}) {
    response.add_nodes()->set_node_id(id);
  }
  response.mutable_nodes(0)->set_address("a:1");
  response.mutable_nodes(0)->set_zone("z");
  for (const uint32_t owner : {0u, 2u, 1u, 0u}) response.add_owners(owner);
  response.set_replica_count(2);
  return response;
}

google::protobuf::RepeatedPtrField<std::string> Keys(
    const std::vector<std::string>& keys) {
  return {keys.begin(), keys.end()};
}

TEST(LocateLinesTest, TextHasOwnersByTabsPrimaryFirst) {
  EXPECT_EQ(TextLines(Keys({"user:42", "a\tb"}), TwoKeysTwoOwners()),
            "user:42\tn1\tn3\n"
            "a\\x09b\tn2\tn1\n");
}

TEST(LocateLinesTest, JsonSaysAllOfAKeyAndBytesThatAreNoTextInBase64) {
  const HashOf hash = [](absl::string_view) { return 18446744073709551615u; };
  EXPECT_EQ(
      JsonLines(Keys({"k\"", "\xFF"}), TwoKeysTwoOwners(), hash),
      R"({"key":"k\"","epoch":"7","hash":"18446744073709551615","owners":[)"
      R"({"nodeId":"n1","address":"a:1","zone":"z"},)"
      R"({"nodeId":"n3","address":"","zone":""}]})"
      "\n"
      R"({"keyBase64":"/w==","epoch":"7","hash":"18446744073709551615",)"
      R"("owners":[{"nodeId":"n2","address":"","zone":""},)"
      R"({"nodeId":"n1","address":"a:1","zone":"z"}]})"
      "\n");
}

TEST(LocateLinesTest, OneKeyReadsAsInABatch) {
  v1::LocateResponse one;
  one.set_epoch(7);
  one.set_hash(5);
  one.add_owners()->set_node_id("n1");
  EXPECT_EQ(JsonLine("", one), R"({"key":"","epoch":"7","hash":"5","owners":[)"
                               R"({"nodeId":"n1","address":"","zone":""}]})"
                               "\n");
}

TEST(LocateLinesTest, AnswersThatDoNotFitTheKeysAreNotBelieved) {
  v1::BatchLocateResponse response = TwoKeysTwoOwners();
  EXPECT_TRUE(IsConsistent(response, 2));
  EXPECT_FALSE(IsConsistent(response, 3));
  response.set_owners(3, 3);  // no such node
  EXPECT_FALSE(IsConsistent(response, 2));
  response.set_replica_count(0xFFFFFFFF);
  EXPECT_FALSE(IsConsistent(response, 2));
}

}  // namespace
}  // namespace clockwise::cli
