#include <thread>

#include "service/limits.h"
#include "tests/support/serving.h"

namespace clockwise {
namespace {

using Stub = v1::PlacementService::Stub;

class LocateTest : public Serving {
 protected:
  grpc::Status Locate(const v1::LocateRequest& request, double seconds = 20) {
    return Call(&Stub::Locate, request, answer_, seconds);
  }
  grpc::Status BatchLocate(const v1::BatchLocateRequest& request) {
    return Call(&Stub::BatchLocate, request, batch_);
  }

  v1::LocateResponse answer_;
  v1::BatchLocateResponse batch_;
};

TEST_F(LocateTest, AnEmptyRingIsAFailedPrecondition) {
  const grpc::Status status = Locate({});
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ReasonOf(status), "RING_EMPTY");
  v1::BatchLocateRequest batch;
  batch.add_keys("k");
  EXPECT_EQ(BatchLocate(batch).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(LocateTest, AnUnknownRingIsNotFoundAndAMalformedOneInvalid) {
  v1::LocateRequest request;
  request.set_ring("nowhere");
  grpc::Status status = Locate(request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(ReasonOf(status), "RING_NOT_FOUND");
  request.set_ring(std::string("a\0b", 3));
  status = Locate(request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FieldOf(status), "ring");
}

TEST_F(LocateTest, AnswersWithEpochFingerprintHashAndOwner) {
  Add("n1", "z1");
  v1::LocateRequest request;
  request.set_key("abc");
  ASSERT_TRUE(Locate(request).ok());
  EXPECT_EQ(answer_.epoch(), 2u);
  EXPECT_EQ(answer_.incarnation(), 1u);
  EXPECT_EQ(answer_.fingerprint(),
            (*membership_->Find(""))->ring().fingerprint());
  EXPECT_EQ(answer_.hash(), 0x78AF5F94892F3950u);  // XXH3-64 of "abc"
  ASSERT_EQ(answer_.owners_size(), 1);
  EXPECT_EQ(answer_.owners(0).node_id(), "n1");
  EXPECT_EQ(answer_.owners(0).address(), "n1:80");
  EXPECT_EQ(answer_.owners(0).zone(), "z1");
}

TEST_F(LocateTest, KeysOfAnyBytesUpToTheBoundAreLocated) {
  Add("n1");
  for (const std::string& key : {std::string(), std::string("\0\xff\n", 3),
                                 std::string(limits::kMaxKeyBytes, 'k')}) {
    v1::LocateRequest request;
    request.set_key(key);
    EXPECT_TRUE(Locate(request).ok());
  }
  v1::LocateRequest request;
  request.set_key(std::string(limits::kMaxKeyBytes + 1, 'k'));
  const grpc::Status status = Locate(request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FieldOf(status), "key");
}

TEST_F(LocateTest, MoreReplicasThanNodesGiveAllNodesOnceEach) {
  for (const char* id : {"n1", "n2", "n3"}) Add(id);
  v1::LocateRequest request;
  request.set_key("k");
  for (const uint32_t replicas : {1u, 2u, 3u, 4u, limits::kMaxReplicas}) {
    request.set_replica_count(replicas);
    ASSERT_TRUE(Locate(request).ok());
    std::set<std::string> distinct;
    for (const auto& owner : answer_.owners()) distinct.insert(owner.node_id());
    EXPECT_EQ(distinct.size(), std::min<size_t>(replicas, 3));
    EXPECT_EQ(static_cast<size_t>(answer_.owners_size()), distinct.size());
  }
  request.set_replica_count(limits::kMaxReplicas + 1);
  const grpc::Status status = Locate(request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FieldOf(status), "replica_count");
}

TEST_F(LocateTest, ABatchAnswersAsLocateDoesForEveryKey) {
  for (const char* id : {"n1", "n2", "n3", "n4"}) Add(id);
  v1::BatchLocateRequest batch;
  batch.set_replica_count(2);
  for (int i = 0; i < 500; ++i) batch.add_keys("key " + std::to_string(i));
  ASSERT_TRUE(BatchLocate(batch).ok());
  EXPECT_EQ(batch_.epoch(), 5u);
  EXPECT_EQ(batch_.replica_count(), 2u);
  ASSERT_EQ(batch_.owners_size(), 1000);
  std::set<std::string> listed;
  for (const auto& node : batch_.nodes()) {
    EXPECT_TRUE(listed.insert(node.node_id()).second) << "listed twice";
  }
  for (int i = 0; i < 500; ++i) {
    v1::LocateRequest request;
    request.set_key(batch.keys(i));
    request.set_replica_count(2);
    ASSERT_TRUE(Locate(request).ok());
    EXPECT_EQ(answer_.fingerprint(), batch_.fingerprint());
    for (int r = 0; r < 2; ++r) {
      const auto index = static_cast<int>(batch_.owners(2 * i + r));
      EXPECT_EQ(batch_.nodes(index).node_id(), answer_.owners(r).node_id());
    }
  }
}

TEST_F(LocateTest, ABatchIsBoundInKeysAndInTheirLength) {
  Add("n1");
  v1::BatchLocateRequest batch;
  EXPECT_TRUE(BatchLocate(batch).ok());
  EXPECT_EQ(batch_.owners_size(), 0);
  for (size_t i = 0; i < limits::kMaxBatchKeys; ++i) batch.add_keys("k");
  EXPECT_TRUE(BatchLocate(batch).ok());
  EXPECT_EQ(static_cast<size_t>(batch_.owners_size()), limits::kMaxBatchKeys);
  batch.add_keys("k");
  grpc::Status status = BatchLocate(batch);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FieldOf(status), "keys");
  batch.clear_keys();
  batch.add_keys("fine");
  batch.add_keys(std::string(limits::kMaxKeyBytes + 1, 'k'));
  status = BatchLocate(batch);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FieldOf(status), "keys[1]");
}

TEST_F(LocateTest, KeysAreCountedAtTheirPrimary) {
  Add("n1");
  v1::LocateRequest request;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Locate(request).ok());
  v1::BatchLocateRequest batch;
  for (int i = 0; i < 4; ++i) batch.add_keys("k");
  ASSERT_TRUE(BatchLocate(batch).ok());
  EXPECT_EQ((*membership_->Find(""))->locates.Of(0), 7u);
}

TEST_F(LocateTest, AFutureMinEpochIsUnavailableAtTheDeadline) {
  Add("n1");
  v1::LocateRequest request;
  request.set_min_epoch(3);
  const grpc::Status status = Locate(request, 0.5);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE)
      << status.error_message();
  EXPECT_EQ(ReasonOf(status), "EPOCH_NOT_REACHED");
}

TEST_F(LocateTest, AMinEpochIsWaitedFor) {
  Add("n1");
  std::thread adder([this] {
    // Sleeps first, so that the call usually waits before the change.
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    Add("n2");
  });
  v1::LocateRequest request;
  request.set_min_epoch(3);
  const grpc::Status status = Locate(request);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(answer_.epoch(), 3u);
  adder.join();
}

TEST_F(LocateTest, ACallThatWaitsForAnEpochIsAnsweredWhenTheServerDrains) {
  Add("n1");
  grpc::Status status;
  std::thread caller([&] {
    v1::LocateRequest request;
    request.set_min_epoch(99);
    status = Locate(request);
  });
  while (stats_.Of(Method::kLocate).started() == 0) {
    std::this_thread::yield();
  }
  server_->Drain(std::chrono::seconds(5));
  caller.join();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), "DRAINING");
}

}  // namespace
}  // namespace clockwise
