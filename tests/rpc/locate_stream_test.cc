// Tests LocateStream: one call, many look-ups.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/support/serving.h"

namespace clockwise {
namespace {

class LocateStreamTest : public Serving {
 protected:
  using Stream =
      grpc::ClientReaderWriter<v1::BatchLocateRequest, v1::BatchLocateResponse>;

  std::unique_ptr<Stream> Open(double seconds = 20) {
    context_ = std::make_unique<grpc::ClientContext>();
    SetDeadline(*context_, seconds);
    return stub_->LocateStream(context_.get());
  }

  static v1::BatchLocateRequest Keys(int first, int count,
                                     uint64_t min_epoch = 0) {
    v1::BatchLocateRequest request;
    for (int i = 0; i < count; ++i) {
      request.add_keys("key-" + std::to_string(first + i));
    }
    request.set_min_epoch(min_epoch);
    return request;
  }

  std::string Batch(const v1::BatchLocateRequest& request) {
    v1::BatchLocateResponse response;
    EXPECT_TRUE(
        Call(&v1::PlacementService::Stub::BatchLocate, request, response).ok());
    return response.SerializeAsString();
  }

  uint64_t Handled(grpc::StatusCode code) {
    return stats_.Of(Method::kLocateStream).handled(code);
  }

  uint64_t HandledInAll() {
    uint64_t handled = 0;
    for (size_t code = 0; code < kStatusCodes; ++code) {
      handled += stats_.Of(Method::kLocateStream).handled(code);
    }
    return handled;
  }

  std::unique_ptr<grpc::ClientContext> context_;
};

TEST_F(LocateStreamTest, AnswersAsBatchLocateDoesInTheOrderOfRequests) {
  for (const char* id : {"n1", "n2", "n3"}) Add(id);
  const auto stream = Open();
  // All are sent before any response is read, so that they queue up.
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(stream->Write(Keys(i, 1 + i % 7)));
  }
  ASSERT_TRUE(stream->WritesDone());
  v1::BatchLocateResponse response;
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(stream->Read(&response)) << i;
    EXPECT_EQ(response.SerializeAsString(), Batch(Keys(i, 1 + i % 7))) << i;
  }
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
  server_->Drain(std::chrono::seconds(5));
  EXPECT_EQ(Handled(grpc::StatusCode::OK), 1u);
}

TEST_F(LocateStreamTest, TheFirstRefusedRequestEndsItAfterAllBeforeIt) {
  Add("n1");
  const auto stream = Open();
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(stream->Write(Keys(i, 1)));
  v1::BatchLocateRequest bad = Keys(0, 1);
  bad.set_ring("nowhere");
  ASSERT_TRUE(stream->Write(bad));
  stream->Write(Keys(0, 1));
  v1::BatchLocateResponse response;
  int answers = 0;
  while (stream->Read(&response)) ++answers;
  EXPECT_EQ(answers, 20);
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(ReasonOf(status), "RING_NOT_FOUND");
}

TEST_F(LocateStreamTest, WhatIsNoRequestEndsItToo) {
  Add("n1");
  const auto stream = Open();
  v1::BatchLocateRequest bad;
  bad.set_replica_count(limits::kMaxReplicas + 1);
  ASSERT_TRUE(stream->Write(bad));
  v1::BatchLocateResponse response;
  EXPECT_FALSE(stream->Read(&response));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(FieldOf(status), "replica_count");
}

TEST_F(LocateStreamTest, EachRequestIsAnsweredFromTheNewestRing) {
  Add("n1");
  const auto stream = Open();
  v1::BatchLocateResponse response;
  for (int i = 2; i < 6; ++i) {
    ASSERT_TRUE(stream->Write(Keys(0, 1)));
    ASSERT_TRUE(stream->Read(&response));
    EXPECT_EQ(response.epoch(), static_cast<uint64_t>(i));
    EXPECT_EQ(Add("n" + std::to_string(i)), response.epoch() + 1);
  }
}

TEST_F(LocateStreamTest, ARequestThatWaitsForItsEpochHoldsUpTheNext) {
  Add("n1");
  const auto stream = Open();
  ASSERT_TRUE(stream->Write(Keys(0, 1, 3)));
  ASSERT_TRUE(stream->Write(Keys(1, 1)));
  Add("n2");
  v1::BatchLocateResponse response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.epoch(), 3u);
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.SerializeAsString(), Batch(Keys(1, 1)));
}

TEST_F(LocateStreamTest, ADrainEndsAnIdleStream) {
  Add("n1");
  const auto stream = Open();
  ASSERT_TRUE(stream->Write(Keys(0, 1)));
  v1::BatchLocateResponse response;
  ASSERT_TRUE(stream->Read(&response));
  server_->Drain(std::chrono::seconds(10));
  EXPECT_FALSE(stream->Read(&response));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), "DRAINING");
  EXPECT_EQ(Handled(grpc::StatusCode::UNAVAILABLE), 1u);
}

TEST_F(LocateStreamTest, ADrainEndsAStreamThatWaitsForAnEpoch) {
  Add("n1");
  const auto stream = Open();
  ASSERT_TRUE(stream->Write(Keys(0, 1, 99)));
  while (stats_.Of(Method::kLocateStream).started() == 0) {
  }
  server_->Drain(std::chrono::seconds(10));
  v1::BatchLocateResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(LocateStreamTest, StreamsWhoseClientGoesAwayEnd) {
  Add("n1");
  for (const uint64_t min_epoch : {uint64_t{0}, uint64_t{99}}) {
    const auto stream = Open();
    ASSERT_TRUE(stream->Write(Keys(0, 1000, min_epoch)));
    context_->TryCancel();
    v1::BatchLocateResponse response;
    while (stream->Read(&response)) {
    }
    stream->Finish();
  }
  // Drain would wait for these calls.
  server_->Drain(std::chrono::seconds(10));
  EXPECT_EQ(HandledInAll(), stats_.Of(Method::kLocateStream).started());
}

TEST_F(LocateStreamTest, AClientThatGoesAwayIsCountedAsCancelled) {
  Add("n1");
  const auto stream = Open();
  v1::BatchLocateResponse response;
  ASSERT_TRUE(stream->Write(Keys(0, 1)));
  ASSERT_TRUE(stream->Read(&response));
  context_->TryCancel();
  stream->Finish();
  while (HandledInAll() == 0) std::this_thread::yield();
  EXPECT_EQ(Handled(grpc::StatusCode::CANCELLED), 1u);
}

TEST_F(LocateStreamTest, AClientThatDoesNotReadIsNotAnsweredWithoutEnd) {
  for (int i = 0; i < 50; ++i) Add("node-" + std::to_string(i));
  const auto stream = Open();
  // Far more responses than any window holds. Writes block when the client does
  // not read.
  std::atomic<int> written = 0;
  std::thread writer([&] {
    const v1::BatchLocateRequest request = Keys(0, 5000);
    while (written < 20'000 && stream->Write(request)) ++written;
  });
  int seen = -1;
  while (seen != written || written == 0) {
    seen = written;
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
  EXPECT_LT(written, 2'000);
  // The drain waits for the client, but must end when the client disconnects.
  std::thread drain([&] { server_->Drain(std::chrono::seconds(10)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  context_->TryCancel();
  drain.join();
  EXPECT_EQ(HandledInAll(), 1u);
  writer.join();
}

}  // namespace
}  // namespace clockwise
