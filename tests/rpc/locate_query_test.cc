// Tests that our own parser of requests agrees with protobuf's, and our own
// writer of responses with protobuf's.
#include <random>
#include <string>

#include "gmock/gmock.h"
#include "service/api/refusal.h"
#include "service/rpc/locate/locate.h"
#include "tests/support/serving.h"

namespace clockwise {
namespace {

template <typename Request>
absl::Status Compare(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  LocateQuery query;
  const absl::Status status = ReadQuery<Request>(slice, query);
  Request message;
  if (!message.ParseFromString(bytes)) {
    EXPECT_EQ(clockwise::ReasonOf(status), v1::ERROR_REASON_MALFORMED_REQUEST);
    return status;
  }
  if (!status.ok()) return status;
  EXPECT_EQ(query.ring, message.ring());
  EXPECT_EQ(query.replicas, message.replica_count());
  EXPECT_EQ(query.min_epoch, message.min_epoch());
  if constexpr (std::is_same_v<Request, v1::LocateRequest>) {
    EXPECT_EQ(query.keys.size(), 1u);
    EXPECT_EQ(query.keys[0], message.key());
  } else {
    EXPECT_EQ(
        std::vector<std::string>(query.keys.begin(), query.keys.end()),
        std::vector<std::string>(message.keys().begin(), message.keys().end()));
  }
  return status;
}

TEST(LocateQueryTest, AnyBytesAreReadAsProtobufReadsThem) {
  SilenceLibraryLogs();
  std::mt19937_64 random(7);
  const std::vector<std::string> pieces = {
      "\x0a\x01r", std::string("\x0a\x00", 2), "\x0a\x02\xc3\xa9",
      "\x0a\x01\xff", "\x12\x03key", std::string("\x12\x00", 2), "\x18\x02",
      "\x18\x80\x80\x80\x80\x10", "\x20\x05",
      "\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\x12\x7fshort",
      std::string("\x00", 1), "\x2a\x01x", "\x10\x01", "\x13\x14", "\x18",
      // Lengths and tags with needless bytes of zeros: protobuf's parser takes
      // up to five bytes and refuses more.
      std::string("\x12\x83\x80\x80\x80\x00key", 9),
      std::string("\x12\x83\x80\x80\x80\x80\x00key", 10),
      std::string("\x12\x80\x80\x80\x80\x80\x80\x00", 8),
      std::string("\x92\x80\x80\x80\x00\x01k", 7),
      std::string("\x92\x80\x80\x80\x80\x80\x00\x01k", 9),
      std::string("\x98\x80\x80\x80\x80\x80\x00\x01", 8),
      "\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"};
  int read = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes;
    for (size_t k = random() % 5; k > 0; --k) {
      bytes += pieces[random() % pieces.size()];
    }
    if (random() % 8 == 0 && !bytes.empty()) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    if (Compare<v1::LocateRequest>(bytes).ok()) ++read;
    Compare<v1::BatchLocateRequest>(bytes).IgnoreError();
    if (HasFailure()) FAIL() << testing::PrintToString(bytes);
  }
  EXPECT_GT(read, 2'000);
}

class AnswerBytesTest : public Serving {
 protected:
  template <typename Response>
  static void ExpectCanonical(const absl::StatusOr<grpc::Slice>& answer,
                              Response& response) {
    ASSERT_TRUE(answer.ok()) << answer.status();
    const std::string bytes(reinterpret_cast<const char*>(answer->begin()),
                            answer->size());
    ASSERT_TRUE(response.ParseFromString(bytes));
    EXPECT_EQ(response.SerializeAsString(), bytes);
  }
};

TEST_F(AnswerBytesTest, AreThoseThatProtobufWrites) {
  for (int i = 0; i < 200; ++i) {
    Add("node-" + std::to_string(i), i % 3 == 0 ? "" : "zone");
  }
  const StatePtr state = *membership_->Find("");
  for (const uint32_t replicas : {0u, 1u, 3u, 64u}) {
    LocateQuery query;
    query.replicas = replicas;
    v1::BatchLocateResponse batch;
    ExpectCanonical(BatchLocateReply(*state, query), batch);
    EXPECT_EQ(batch.owners_size(), 0);
    std::vector<std::string> keys;
    for (int i = 0; i < 500; ++i) keys.push_back("key-" + std::to_string(i));
    for (const std::string& key : keys) query.keys.push_back(key);
    ExpectCanonical(BatchLocateReply(*state, query), batch);
    ASSERT_EQ(batch.owners_size(),
              static_cast<int>(500 * batch.replica_count()));
    for (int i = 0; i < 500; ++i) {
      LocateQuery one;
      one.replicas = replicas;
      one.keys.push_back(keys[static_cast<size_t>(i)]);
      v1::LocateResponse response;
      ExpectCanonical(LocateReply(*state, one), response);
      ASSERT_EQ(response.owners_size(),
                static_cast<int>(batch.replica_count()));
      for (int r = 0; r < response.owners_size(); ++r) {
        const auto at = batch.owners(i * response.owners_size() + r);
        EXPECT_EQ(response.owners(r).SerializeAsString(),
                  batch.nodes(static_cast<int>(at)).SerializeAsString());
      }
    }
  }
}

TEST_F(AnswerBytesTest, ARingOfManyNodesAnswersAfterOneOfFew) {
  // The writer keeps its numbers of nodes for the next response.
  Add("n1");
  const StatePtr few = *membership_->Find("");
  for (int i = 0; i < 40; ++i) Add("m" + std::to_string(i));
  const StatePtr many = *membership_->Find("");
  LocateQuery query;
  std::vector<std::string> keys;
  for (int i = 0; i < 300; ++i) keys.push_back(std::to_string(i));
  for (const std::string& key : keys) query.keys.push_back(key);
  for (int round = 0; round < 3; ++round) {
    for (const StatePtr& state : {few, many}) {
      v1::BatchLocateResponse batch;
      ExpectCanonical(BatchLocateReply(*state, query), batch);
      for (size_t i = 0; i < keys.size(); ++i) {
        const Ring& ring = state->ring();
        EXPECT_EQ(
            batch.nodes(static_cast<int>(batch.owners(static_cast<int>(i))))
                .node_id(),
            ring.nodes()[ring.PrimaryOf(ring.Hash(keys[i]))]->id());
      }
    }
  }
}

}  // namespace
}  // namespace clockwise
