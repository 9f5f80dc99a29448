// Checks the golden vectors (tests/vectors/ring_v1.json), whose owners and
// fingerprints were computed by another implementation.
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "client/lib/mirror.h"
#include "gtest/gtest.h"
#include "service/ring/hash.h"
#include "tests/support/from_hex.h"

namespace clockwise {
namespace {

using google::protobuf::Struct;
using google::protobuf::Value;

const Value& Field(const Value& value, const char* name) {
  return value.struct_value().fields().at(name);
}

const google::protobuf::RepeatedPtrField<Value>& Items(const Value& value) {
  return value.list_value().values();
}

uint64_t Number(const Value& value) {
  uint64_t number = 0;
  EXPECT_TRUE(absl::SimpleAtoi(value.string_value(), &number));
  return number;
}

template <typename Message>
Message Parsed(const Value& value) {
  std::string json;
  Message message;
  EXPECT_TRUE(google::protobuf::util::MessageToJsonString(value, &json).ok());
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &message).ok());
  return message;
}

class VectorsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ifstream file(CLOCKWISE_VECTORS "/ring_v1.json");
    const std::string json{std::istreambuf_iterator<char>(file), {}};
    ASSERT_TRUE(
        google::protobuf::util::JsonStringToMessage(json, &vectors_).ok());
    for (const Value& key : Items(vectors_.fields().at("keys"))) {
      keys_.push_back(FromHex(key.string_value()));
    }
  }

  void Check(const client::RingView& view, const Value& locates) {
    ASSERT_GT(Items(locates).size(), 0);
    for (const Value& vector : Items(locates)) {
      const std::string& key =
          keys_.at(static_cast<size_t>(Field(vector, "key").number_value()));
      EXPECT_EQ(view.Hash(key), Number(Field(vector, "hash")));
      std::vector<uint32_t> owners(kMaxOwners);
      owners.resize(*view.Locate(
          key, static_cast<uint32_t>(Field(vector, "replicas").number_value()),
          owners.data()));
      std::vector<std::string> ids, expected;
      for (const uint32_t owner : owners) ids.push_back(view.node(owner).id);
      for (const Value& id : Items(Field(vector, "owners"))) {
        expected.push_back(id.string_value());
      }
      EXPECT_EQ(ids, expected);
    }
  }

  Struct vectors_;
  std::vector<std::string> keys_;
};

TEST_F(VectorsTest, HashesAreAsTold) {
  for (const Value& vector : Items(vectors_.fields().at("hashes"))) {
    const std::string key = FromHex(Field(vector, "key").string_value());
    EXPECT_EQ(Xxh3(key), Number(Field(vector, "xxh3"))) << key.size();
  }
}

TEST_F(VectorsTest, PointsOwnersAndFingerprintsAreAsTold) {
  int deltas = 0;
  for (const Value& ring : Items(vectors_.fields().at("rings"))) {
    SCOPED_TRACE(Field(ring, "what").string_value());
    const auto snapshot = Parsed<v1::Snapshot>(Field(ring, "snapshot"));
    auto view = client::FromSnapshot(snapshot, nullptr);
    ASSERT_TRUE(view.ok()) << view.status();
    const auto positions = (*view)->ring().positions();
    EXPECT_EQ(std::vector<uint64_t>(positions.begin(), positions.end()),
              std::vector<uint64_t>(snapshot.point_positions().begin(),
                                    snapshot.point_positions().end()));
    Check(**view, Field(ring, "locates"));
    for (const Value& then : Items(Field(ring, "then"))) {
      auto next =
          client::AfterDelta(**view, Parsed<v1::Delta>(Field(then, "delta")));
      ASSERT_TRUE(next.ok()) << next.status();
      view = next;
      Check(**view, Field(then, "locates"));
      ++deltas;
    }
  }
  EXPECT_GE(deltas, 9);
}

}  // namespace
}  // namespace clockwise
