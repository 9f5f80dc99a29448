// Tests the client against real servers: its results, and that it knows their
// age.
#include "clockwise/client.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/lib/ring_file.h"
#include "tests/client/lib/client_fixture.h"
#include "tests/support/membership_fixture.h"

namespace clockwise {
namespace {

class ClientTest : public ClientFixture {
 protected:
  void TearDown() override {
    if (!path_.empty()) std::filesystem::remove(path_);
  }
  Options WithFile() {
    Options options = Quick();
    path_ = ::testing::TempDir() + absl::StrCat("client-", getpid(), ".ring");
    options.ring_file = path_;
    return options;
  }
  std::string path_;
};

TEST_F(ClientTest, AnswersLocallyWhatTheServerAnswers) {
  v1::RingSpec spec;
  spec.set_name("shards");
  spec.set_layout(v1::LAYOUT_PARTITIONED);
  ASSERT_TRUE(membership_->CreateRing(spec).ok());
  for (const char* ring : {"", "shards"}) {
    for (int i = 0; i < 7; ++i) {
      Add(absl::StrCat("n", i), absl::StrCat("z", i % 3), ring);
    }
    Options options = Quick();
    options.ring = ring;
    const auto client = NewClient({server_->address()}, options);
    ASSERT_TRUE(client->WaitForEpoch(8, seconds(10)).ok());
    for (int i = 0; i < 300; ++i) {
      const std::string key = absl::StrCat("key", i);
      const uint32_t replicas = static_cast<uint32_t>(i % 5);
      const auto local = client->Locate(key, replicas);
      const auto remote = client->LocateRemote(key, replicas);
      ASSERT_TRUE(local.ok() && remote.ok());
      ASSERT_EQ(local->size(), remote->owners.size());
      for (size_t owner = 0; owner < local->size(); ++owner) {
        EXPECT_EQ((*local)[owner].id, remote->owners[owner].id);
        EXPECT_EQ((*local)[owner].address, remote->owners[owner].address);
      }
      EXPECT_EQ(local->epoch(), remote->epoch);
      EXPECT_EQ(local->fingerprint(), remote->fingerprint);
    }
  }
}

TEST_F(ClientTest, BeforeAnyRingItSaysSo) {
  const auto client = NewClient({"127.0.0.1:1"});
  EXPECT_TRUE(absl::IsUnavailable(client->Locate("k").status()));
  EXPECT_TRUE(absl::IsUnavailable(client->Acquire("k").status()));
  EXPECT_EQ(client->view(), nullptr);
  EXPECT_EQ(client->epoch(), 0u);
  EXPECT_EQ(client->staleness(), milliseconds::max());
  EXPECT_EQ(client->state().source, Source::kNone);
  const absl::Status status = client->WaitForEpoch(1, milliseconds(300));
  EXPECT_TRUE(absl::IsDeadlineExceeded(status));
  EXPECT_NE(status.message().find("127.0.0.1:1"), std::string::npos) << status;
}

TEST_F(ClientTest, OptionsThatMakeNoSenseAreRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(Client::Create({}).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Client::Create({""}).status()));
  Options options;
  options.ring = "no ring";
  EXPECT_TRUE(
      absl::IsInvalidArgument(Client::Create({"a:1"}, options).status()));
  options = {};
  options.silence = milliseconds(0);
  EXPECT_TRUE(
      absl::IsInvalidArgument(Client::Create({"a:1"}, options).status()));
}

TEST_F(ClientTest, AnEmptyRingAndTooManyOwnersAreRefused) {
  const auto client = NewClient({server_->address()});
  ASSERT_TRUE(client->WaitForEpoch(1, seconds(10)).ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(client->Locate("k").status()));
  Add("a");
  ASSERT_TRUE(client->WaitForEpoch(2, seconds(10)).ok());
  EXPECT_TRUE(client->Locate("").ok()) << "the empty key is a key";
  EXPECT_TRUE(absl::IsInvalidArgument(client->Locate("k", 65).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      client->Locate(std::string(65'537, 'k')).status()));
}

TEST_F(ClientTest, PriorAnswersStayValid) {
  Add("a");
  auto client = NewClient({server_->address()});
  ASSERT_TRUE(client->WaitForEpoch(2, seconds(10)).ok());
  const Owners before = *client->Locate("k");
  for (int i = 0; i < 20; ++i) Add(absl::StrCat("n", i));
  ASSERT_TRUE(client->WaitForEpoch(22, seconds(10)).ok());
  EXPECT_EQ(before.primary().id, "a");
  EXPECT_EQ(before.epoch(), 2u);
  client.reset();
  EXPECT_EQ(before.primary().address, "a:80");
}

TEST_F(ClientTest, StalenessGrowsOnceNobodyConfirmsTheRing) {
  Add("a");
  const auto client = NewClient({server_->address()});
  ASSERT_TRUE(client->WaitForEpoch(2, seconds(10)).ok());
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_LT(client->staleness(), seconds(5))
      << "heartbeats are sent every 50 ms";
  EXPECT_TRUE(client->state().connected);
  const auto gone = std::chrono::steady_clock::now();
  server_.reset();
  std::this_thread::sleep_for(milliseconds(400));
  const auto away = std::chrono::steady_clock::now() - gone;
  EXPECT_GE(client->staleness() + milliseconds(1), away);
  EXPECT_TRUE(client->Locate("k").ok()) << "the client keeps its ring";
  EXPECT_FALSE(client->state().connected);
  EXPECT_NE(client->state().last_error, "");
}

TEST_F(ClientTest, GoesOnAtAnotherServerFromWhereItWas) {
  Add("a");
  auto other = AnotherServer();
  const auto client = NewClient({server_->address(), other->address()});
  ASSERT_TRUE(client->WaitForEpoch(2, seconds(10)).ok());
  auto& watched =
      client->state().server == server_->address() ? server_ : other;
  watched->Drain(milliseconds(100));
  const auto change = membership_->Apply(::clockwise::Add("b"));
  ASSERT_TRUE(change.ok());
  ASSERT_TRUE(client->WaitForEpoch(change->epoch(), seconds(10)).ok());
  const State state = client->state();
  EXPECT_GE(state.reconnects, 1u);
  EXPECT_EQ(state.resyncs, 0u) << "the other server has its epoch";
  EXPECT_EQ(state.snapshots, 1u);
  EXPECT_EQ(state.deltas, 1u);
}

TEST_F(ClientTest, StartsFromItsFileWhenNoServerAnswers) {
  Add("a");
  const Options options = WithFile();
  auto client = NewClient({server_->address()}, options);
  ASSERT_TRUE(client->WaitForEpoch(2, seconds(10)).ok());
  EXPECT_EQ(client->state().source, Source::kServer);
  client.reset();
  const std::string address = server_->address();
  server_.reset();
  std::this_thread::sleep_for(milliseconds(200));

  client = NewClient({address}, options);
  EXPECT_EQ(client->Locate("k")->primary().id, "a");
  EXPECT_EQ(client->state().source, Source::kFile)
      << "the ring is from the file";
  EXPECT_GE(client->staleness(), milliseconds(200));
  EXPECT_LT(client->staleness(), seconds(60));
  EXPECT_TRUE(
      absl::IsDeadlineExceeded(client->WaitForEpoch(1, milliseconds(50))))
      << "a file is not a server";
  StartServer();
  client = NewClient({server_->address()}, options);
  ASSERT_TRUE(client->WaitForEpoch(1, seconds(10)).ok());
  EXPECT_EQ(client->state().source, Source::kServer);
  EXPECT_EQ(client->state().snapshots, 0u) << "the client resumed";
}

TEST_F(ClientTest, AFileFromTheFutureTellsNoAge) {
  Add("a");
  const Options options = WithFile();
  auto client = NewClient({server_->address()}, options);
  ASSERT_TRUE(client->WaitForEpoch(2, seconds(10)).ok());
  client.reset();
  auto kept = client::ReadRingFile(path_, "default");
  ASSERT_TRUE(kept.ok());
  kept->confirmed = absl::Now() + absl::Hours(1);
  ASSERT_TRUE(client::WriteRingFile(path_, *kept).ok());
  client = NewClient({"127.0.0.1:1"}, options);
  EXPECT_TRUE(client->Locate("k").ok());
  EXPECT_EQ(client->staleness(), milliseconds::max());
}

TEST_F(ClientTest, ADamagedFileIsSaidAndNotUsed) {
  const Options options = WithFile();
  std::ofstream(path_) << "no ring";
  const auto client = NewClient({"127.0.0.1:1"}, options);
  EXPECT_TRUE(absl::IsUnavailable(client->Locate("k").status()));
  EXPECT_NE(client->state().ring_file_error.find(path_), std::string::npos);
}

TEST_F(ClientTest, ManyThreadsAskWhileRingsComeAndGo) {
  Add("a");
  const auto client = NewClient({server_->address()});
  ASSERT_TRUE(client->WaitForEpoch(2, seconds(10)).ok());
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> answers = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      uint64_t epoch = 0;
      while (!stop) {
        const auto owners = client->Locate(absl::StrCat("k", ++answers), 2);
        ASSERT_TRUE(owners.ok());
        ASSERT_GE(owners->epoch(), epoch) << "the epoch went back";
        epoch = owners->epoch();
        for (size_t i = 0; i < owners->size(); ++i) {
          ASSERT_EQ((*owners)[i].address, (*owners)[i].id + ":80");
        }
      }
    });
  }
  for (int i = 0; i < 100; ++i) Add(absl::StrCat("n", i));
  ASSERT_TRUE(client->WaitForEpoch(102, seconds(10)).ok());
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(answers, 100u);
}

}  // namespace
}  // namespace clockwise
