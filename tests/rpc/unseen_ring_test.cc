// Tests that a server finds a ring that another server has just created in the
// store that they share, and that clients which invent names cause few reads.
#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "service/store/memory_store.h"
#include "tests/support/serving.h"

namespace clockwise {
namespace {

using Stub = v1::PlacementService::Stub;
using Code = grpc::StatusCode;
using Clock = std::chrono::steady_clock;

// A store that other servers share. It counts the reads of all heads.
class CountingStore final : public MemoryStore {
 public:
  explicit CountingStore(bool shared) : shared_(shared) {}
  bool shared() const override { return shared_; }
  absl::StatusOr<std::vector<RingHead>> Heads() override {
    ++reads;
    while (hangs) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (!failure.ok()) return failure;
    return MemoryStore::Heads();
  }

  std::atomic<int> reads = 0;
  std::atomic<bool> hangs = false;
  absl::Status failure;  // set while no call is made

 private:
  const bool shared_;
};

class UnseenRingTest : public Serving {
 protected:
  explicit UnseenRingTest(bool shared = true) : counting_(shared) {}
  Store& store() override { return counting_; }

  void SetUp() override {
    Serving::SetUp();
    Membership::Options options;
    options.store = &counting_;
    options.now = [] { return absl::FromUnixSeconds(1'700'000'000); };
    options.random = [this] { return ++other_random_; };
    auto other = Membership::Open(options);
    ASSERT_TRUE(other.ok()) << other.status();
    other_ = *std::move(other);
  }

  // The server may be reading the store, which is destroyed before it.
  void TearDown() override { server_.reset(); }

  // Creates a ring with a node through another server. Returns its name.
  std::string NewRing() {
    v1::RingSpec spec;
    spec.set_name("new-" + std::to_string(++rings_));
    EXPECT_TRUE(other_->CreateRing(spec).ok());
    ChangeRequest add;
    add.ring = spec.name();
    add.changes.emplace_back().mutable_add()->set_id("a");
    EXPECT_TRUE(other_->Apply(add).ok());
    return spec.name();
  }

  grpc::Status Locate(const std::string& ring, uint64_t min_epoch = 0,
                      double seconds = 20) {
    v1::LocateRequest request;
    request.set_ring(ring);
    request.set_key("k");
    request.set_min_epoch(min_epoch);
    v1::LocateResponse response;
    return Call(&Stub::Locate, request, response, seconds);
  }

  // Returns the status of a Watch after its first message.
  grpc::Status Watch(const std::string& ring, double seconds = 20) {
    grpc::ClientContext context;
    SetDeadline(context, seconds);
    v1::WatchRequest request;
    request.set_ring(ring);
    const auto stream = stub_->Watch(&context, request);
    v1::WatchResponse first;
    if (!stream->Read(&first)) return stream->Finish();
    EXPECT_EQ(first.snapshot().nodes_size(), 1);
    context.TryCancel();
    return grpc::Status::OK;
  }

  grpc::Status LocateStream(const std::string& ring) {
    grpc::ClientContext context;
    SetDeadline(context);
    const auto stream = stub_->LocateStream(&context);
    v1::BatchLocateRequest request;
    request.set_ring(ring);
    request.add_keys("k");
    stream->Write(request);
    v1::BatchLocateResponse response;
    const bool answered = stream->Read(&response);
    stream->WritesDone();
    const grpc::Status status = stream->Finish();
    EXPECT_EQ(answered, status.ok());
    return status;
  }

  // Calls a unary method about `ring`.
  template <typename Response, typename Method, typename Request>
  grpc::Status About(const std::string& ring, Method method, Request request) {
    request.set_ring(ring);
    Response response;
    return Call(method, request, response);
  }

  // Each call about one ring, by its name.
  using NamedCall =
      std::pair<std::string,
                std::function<grpc::Status(const std::string& ring)>>;
  std::vector<NamedCall> Calls() {
    v1::BatchLocateRequest batch;
    batch.add_keys("k");
    v1::AddNodeRequest add;
    add.mutable_node()->set_id("b");
    v1::UpdateNodeRequest update;
    update.mutable_node()->set_id("a");
    update.mutable_node()->set_weight(2);
    v1::RemoveNodeRequest remove;
    remove.set_node_id("a");
    v1::ApplyChangesRequest apply;
    apply.add_changes()->set_remove("a");
    v1::ApplyChangesRequest plan = apply;
    plan.set_validate_only(true);
    v1::DeleteRingRequest drop;
    drop.set_force(true);
    using R = std::string;
    return {
        {"Locate", [=, this](const R& r) { return Locate(r); }},
        {"Locate with min_epoch",
         [=, this](const R& r) { return Locate(r, 2); }},
        {"LocateStream", [=, this](const R& r) { return LocateStream(r); }},
        {"Watch", [=, this](const R& r) { return Watch(r); }},
        {"BatchLocate",
         [=, this](const R& r) {
           return About<v1::BatchLocateResponse>(r, &Stub::BatchLocate, batch);
         }},
        {"GetRing",
         [=, this](const R& r) {
           return About<v1::GetRingResponse>(r, &Stub::GetRing,
                                             v1::GetRingRequest());
         }},
        {"ListChanges",
         [=, this](const R& r) {
           return About<v1::ListChangesResponse>(r, &Stub::ListChanges,
                                                 v1::ListChangesRequest());
         }},
        {"CompareEpochs",
         [=, this](const R& r) {
           return About<v1::CompareEpochsResponse>(r, &Stub::CompareEpochs,
                                                   v1::CompareEpochsRequest());
         }},
        {"AddNode",
         [=, this](const R& r) {
           return About<v1::AddNodeResponse>(r, &Stub::AddNode, add);
         }},
        {"UpdateNode",
         [=, this](const R& r) {
           return About<v1::UpdateNodeResponse>(r, &Stub::UpdateNode, update);
         }},
        {"RemoveNode",
         [=, this](const R& r) {
           return About<v1::RemoveNodeResponse>(r, &Stub::RemoveNode, remove);
         }},
        {"ApplyChanges",
         [=, this](const R& r) {
           return About<v1::ApplyChangesResponse>(r, &Stub::ApplyChanges,
                                                  apply);
         }},
        {"ApplyChanges with validate_only",
         [=, this](const R& r) {
           return About<v1::ApplyChangesResponse>(r, &Stub::ApplyChanges, plan);
         }},
        {"EndMigration",
         [=, this](const R& r) {
           return About<v1::EndMigrationResponse>(r, &Stub::EndMigration,
                                                  v1::EndMigrationRequest());
         }},
        {"DeleteRing",
         [=, this](const R& r) {
           return About<v1::DeleteRingResponse>(r, &Stub::DeleteRing, drop);
         }},
    };
  }

  CountingStore counting_;
  uint64_t other_random_ = 1'000'000;
  int rings_ = 0;
  std::unique_ptr<Membership> other_;
};

class OwnStoreTest : public UnseenRingTest {
 protected:
  OwnStoreTest() : UnseenRingTest(false) {}
};

TEST_F(UnseenRingTest, EachCallFindsARingThatAnotherServerHasCreated) {
  for (const auto& [name, call] : Calls()) {
    for (int i = 0; i < 3; ++i) {
      const grpc::Status status = call(NewRing());
      EXPECT_TRUE(status.ok()) << name << ": " << status.error_message();
    }
  }
}

TEST_F(UnseenRingTest, EachCallReportsARingThatDoesNotExist) {
  for (const auto& [name, call] : Calls()) {
    const int before = counting_.reads;
    EXPECT_EQ(call("nowhere").error_code(), Code::NOT_FOUND) << name;
    EXPECT_EQ(counting_.reads, before + 1) << name;
  }
  EXPECT_TRUE(server_->Figures().streams.empty());
}

TEST_F(UnseenRingTest, AnInvalidNameIsRefusedWithoutARead) {
  for (const auto& [name, call] : Calls()) {
    EXPECT_EQ(call(std::string(300, 'x')).error_code(), Code::INVALID_ARGUMENT)
        << name;
  }
  EXPECT_EQ(counting_.reads, 0);
}

TEST_F(UnseenRingTest, ClientsThatInventNamesShareFewReads) {
  const auto start = Clock::now();
  std::vector<std::thread> clients;
  std::atomic<int> not_found = 0;
  for (int t = 0; t < 30; ++t) {
    clients.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const std::string ring =
            "invented-" + std::to_string(t) + "-" + std::to_string(i);
        if (Locate(ring).error_code() == Code::NOT_FOUND) ++not_found;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(not_found, 300);
  const double seconds = Seconds(Clock::now() - start).count();
  EXPECT_LE(counting_.reads, seconds * limits::kRingListReadsPerSecond + 1);
  EXPECT_LE(counting_.reads, 100);
}

TEST_F(UnseenRingTest, WithoutTheStoreAnUnknownRingIsNotDenied) {
  counting_.failure = absl::UnavailableError("the store is away");
  for (const auto& [name, call] : Calls()) {
    EXPECT_EQ(call("nowhere").error_code(), Code::UNAVAILABLE) << name;
  }
}

TEST_F(UnseenRingTest, AStoreThatHangsDelaysOnlyCallsOfUnknownRings) {
  Add("a");
  counting_.hangs = true;
  const auto start = Clock::now();
  std::vector<std::thread> clients;
  for (int i = 0; i < 20; ++i) {
    clients.emplace_back([&, i] {
      const grpc::Status status =
          Locate("nowhere-" + std::to_string(i), 0, 0.5);
      EXPECT_NE(status.error_code(), Code::NOT_FOUND);
      EXPECT_NE(status.error_code(), Code::OK);
      v1::GetRingResponse ring;
      v1::GetRingRequest request;
      request.set_ring("nowhere");
      EXPECT_FALSE(Call(&Stub::GetRing, request, ring, 0.5).ok());
    });
  }
  // The metrics must not get the name.
  clients.emplace_back([&] { EXPECT_FALSE(Watch("nowhere", 0.5).ok()); });
  int answered = 0;
  while (Clock::now() - start < std::chrono::milliseconds(600)) {
    EXPECT_TRUE(Locate("default", 0, 0.5).ok());
    v1::GetRingResponse ring;
    EXPECT_TRUE(Call(&Stub::GetRing, v1::GetRingRequest(), ring, 0.5).ok());
    EXPECT_TRUE(server_->Figures().streams.empty());
    ++answered;
  }
  EXPECT_GT(answered, 20);
  for (std::thread& client : clients) client.join();
  counting_.hangs = false;
}

// A ring that is damaged in the store exists, and must not be denied. The other
// rings are not affected.
TEST_F(UnseenRingTest, ADamagedRingIsNotDenied) {
  StoredRing damaged;
  damaged.head.spec.set_name("damaged");
  damaged.head.spec.set_layout(v1::LAYOUT_HASHED);
  damaged.head.spec.set_virtual_node_count(160);
  damaged.head.spec.set_replica_count(1);
  damaged.head.incarnation = 7;
  damaged.head.epoch = 1;
  damaged.head.fingerprint = 1;  // not that of a ring without nodes
  ASSERT_TRUE(counting_.Import(damaged).ok());
  EXPECT_EQ(Locate("damaged").error_code(), Code::UNAVAILABLE);
  EXPECT_EQ(Locate("nowhere").error_code(), Code::NOT_FOUND);
  EXPECT_TRUE(Locate(NewRing()).ok());
}

TEST_F(OwnStoreTest, AServerWithAStoreOfItsOwnReadsNothing) {
  for (const auto& [name, call] : Calls()) {
    EXPECT_EQ(call("nowhere").error_code(), Code::NOT_FOUND) << name;
  }
  EXPECT_EQ(counting_.reads, 0);
}

}  // namespace
}  // namespace clockwise
