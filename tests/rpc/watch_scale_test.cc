// Tests the properties of Watch that keep many streams cheap: for the server,
// for each other, and for the servers to which they reconnect.
#include <set>
#include <thread>

#include "tests/rpc/watching.h"
#include "tests/support/membership_fixture.h"

namespace clockwise {
namespace {

class WatchScaleTest : public Watching {
 protected:
  WatchScaleTest() { heartbeat_ = std::chrono::hours(1); }

  // Returns the RetryInfo at the end of `stream`; -1: there is none.
  static int64_t RetryDelayMs(Stream& stream) {
    while (stream.Next().event_case() != v1::WatchResponse::EVENT_NOT_SET) {
    }
    const grpc::Status status = stream.reader->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(ReasonOf(status), "DRAINING");
    const auto info = DetailOf<v1::RetryInfo>(status, "RetryInfo");
    if (!info.has_value()) return -1;
    return info->retry_delay().seconds() * 1000 +
           info->retry_delay().nanos() / 1'000'000;
  }
};

TEST_F(WatchScaleTest, ChangesInABurstComeTogether) {
  const auto stream = Watch();
  ASSERT_TRUE(stream->Next().has_snapshot());
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(
        membership_->Apply(::clockwise::Add("n" + std::to_string(i))).ok());
  }
  uint64_t epoch = 1;
  int messages = 0;
  while (epoch < 101) {
    const v1::WatchResponse message = stream->Next();
    ASSERT_NE(message.event_case(), v1::WatchResponse::EVENT_NOT_SET);
    epoch = EpochOf(message);
    ++messages;
  }
  const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);
  // One message each 10 ms, plus the first and one that was already being sent.
  EXPECT_LE(messages, time.count() / 10 + 2);
}

TEST_F(WatchScaleTest, TheFirstChangeAfterAPauseWaitsForNothing) {
  const auto stream = Watch();
  ASSERT_TRUE(stream->Next().has_snapshot());
  for (uint64_t epoch = 2; epoch < 6; ++epoch) {
    ASSERT_TRUE(
        membership_->Apply(::clockwise::Add("n" + std::to_string(epoch))).ok());
    EXPECT_EQ(stream->Next().delta().epoch(), epoch);
  }
}

TEST_F(WatchScaleTest, AServerThatGoesAwaySpreadsItsStreams) {
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 30; ++i) {
    streams.push_back(Watch());
    ASSERT_TRUE(streams.back()->Next().has_snapshot());
  }
  server_->Drain(std::chrono::seconds(5));
  std::set<int64_t> delays;
  for (const auto& stream : streams) delays.insert(RetryDelayMs(*stream));
  EXPECT_GE(*delays.begin(), 0);
  EXPECT_LE(*delays.rbegin(), 100) << "too long for few streams";
  EXPECT_GT(delays.size(), 10u) << "each stream has its own delay";
}

TEST_F(WatchScaleTest, AServerWithAStoreOfItsOwnIsSure) {
  EXPECT_EQ(Watch()->Next().unconfirmed_ms(), 0u);
}

// A store that other servers could change, and that may be unreachable.
class SharedStoreTest : public WatchScaleTest {
 protected:
  class SharedMemory final : public MemoryStore {
   public:
    bool shared() const override { return true; }
  };
  Store& store() override { return shared_; }
  SharedMemory shared_;
};

TEST_F(SharedStoreTest, WhatWasNotConfirmedLatelyIsSaid) {
  ASSERT_TRUE(membership_->Refresh("").ok());
  const auto confirmed = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::chrono::milliseconds(120));
  const v1::WatchResponse message = Watch()->Next();
  EXPECT_TRUE(message.has_snapshot());
  EXPECT_GE(message.unconfirmed_ms(), 120u);
  EXPECT_LE(message.unconfirmed_ms(),
            std::chrono::ceil<std::chrono::milliseconds>(
                std::chrono::steady_clock::now() - confirmed)
                    .count() +
                50);
  ASSERT_TRUE(membership_->Refresh("").ok());
  EXPECT_LT(Watch()->Next().unconfirmed_ms(), message.unconfirmed_ms());
}

}  // namespace
}  // namespace clockwise
