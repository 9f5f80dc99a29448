// Tests the list of the servers of a store, and the lease that keeps it, with a
// real etcd.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "clockwise/stored/v1/stored.pb.h"
#include "service/runtime/mutex.h"
#include "service/store/etcd/keys.h"
#include "service/store/etcd/lease.h"
#include "service/store/etcd/markers.h"
#include "service/store/etcd/txn.h"
#include "tests/store/etcd_testing.h"

namespace clockwise {
namespace {

stored::v1::ServerEntry EntryOf(uint64_t instance) {
  stored::v1::ServerEntry entry;
  entry.set_instance(instance);
  entry.set_address(absl::StrCat("10.0.0.", instance, ":7400"));
  entry.set_version("1");
  return entry;
}

std::string Instances(const Store& store) {
  std::vector<uint64_t> instances;
  for (const auto& server : store.Servers().servers) {
    instances.push_back(server.instance());
  }
  return absl::StrJoin(instances, " ");
}

class EtcdServersTest : public testing::Test {
 protected:
  // Opens a store whose lease is as short as etcd permits.
  std::unique_ptr<EtcdStore> Announced(uint64_t instance) {
    EtcdStore::Options options =
        EtcdOptions(prefix_, {EtcdProcess::Shared().address()});
    options.server_lease = std::chrono::seconds(1);
    auto store = std::make_unique<EtcdStore>(options);
    store->Announce(EntryOf(instance));
    EXPECT_OK(store->Servers().listed);
    return store;
  }
  // Returns the key of a server; empty if there is none.
  mvccpb::KeyValue KeyOf(uint64_t instance) {
    etcdserverpb::RangeRequest request;
    request.set_key(keys_.Server(instance));
    etcdserverpb::RangeResponse response;
    EXPECT_OK(client_.Range(request, response));
    return response.kvs().empty() ? mvccpb::KeyValue() : response.kvs(0);
  }
  void Send(const EtcdTxn& txn) {
    etcdserverpb::TxnResponse response;
    bool maybe_made = false;
    ASSERT_OK(client_.Txn(txn.request(), response, maybe_made));
  }

  const std::string prefix_ = NewPrefix();
  const EtcdKeys keys_{prefix_};
  EtcdClient client_{
      EtcdOptions(prefix_, {EtcdProcess::Shared().address()}).client};
};

TEST_F(EtcdServersTest, AnEntryEndsWithItsServerAndIsWrittenOnce) {
  const auto stays = Announced(1);
  EXPECT_EQ(Instances(*stays), "1");  // at once
  auto killed = Announced(2);
  auto stopped = Announced(3);
  EXPECT_EQ(Instances(*stopped), "1 2 3");
  EXPECT_TRUE(Eventually([&] { return Instances(*stays) == "1 2 3"; }));
  EXPECT_EQ(stays->Servers().count, 3);
  EXPECT_EQ(stays->Servers().servers[1].address(), "10.0.0.2:7400");
  const mvccpb::KeyValue before = KeyOf(1);

  stopped->Withdraw();
  EXPECT_EQ(KeyOf(3).lease(), 0);
  EXPECT_TRUE(Eventually([&] { return Instances(*stays) == "1 2"; }));
  const int64_t revision = NewestRevision();
  killed.reset();  // without Withdraw: its lease must expire
  EXPECT_TRUE(Eventually([&] { return Instances(*stays) == "1"; }));
  // Meanwhile, the lease of the first server was renewed several times, and the
  // only write was the deletion of the expired key.
  EXPECT_EQ(NewestRevision(), revision + 1);
  EXPECT_EQ(KeyOf(1).mod_revision(), before.mod_revision());
  EXPECT_EQ(KeyOf(1).lease(), before.lease());
}

TEST_F(EtcdServersTest, ALostEntryIsWrittenAgain) {
  const auto store = Announced(1);
  const mvccpb::KeyValue first = KeyOf(1);
  ASSERT_NE(first.lease(), 0);
  EtcdTxn remove;
  remove.Delete({keys_.Server(1), ""});
  Send(remove);
  EXPECT_TRUE(Eventually([&] { return KeyOf(1).lease() == first.lease(); }));
  // A lease that ended is replaced.
  ASSERT_OK(client_.RevokeLease(first.lease()));
  EXPECT_TRUE(Eventually([&] {
    const int64_t lease = KeyOf(1).lease();
    return lease != 0 && lease != first.lease();
  }));
  EXPECT_TRUE(Eventually([&] { return Instances(*store) == "1"; }));
  ASSERT_OK(store->Servers().listed);
  // Another value is replaced, too.
  EtcdTxn replace;
  replace.Put(keys_.Server(1), EntryOf(9).SerializeAsString());
  Send(replace);
  EXPECT_TRUE(Eventually([&] { return KeyOf(1).value() == first.value(); }));
  store->Withdraw();
  EXPECT_EQ(KeyOf(1).lease(), 0);
}

TEST_F(EtcdServersTest, InvalidEntriesAreNotListed) {
  EtcdTxn put;
  put.Put(keys_.Server(2), "x");
  put.Put(keys_.Server(3), EntryOf(4).SerializeAsString());
  stored::v1::ServerEntry entry = EntryOf(5);
  entry.set_address("0.0.0.0:1");
  put.Put(keys_.Server(5), entry.SerializeAsString());
  entry = EntryOf(6);
  entry.set_version(std::string(65, 'v'));
  put.Put(keys_.Server(6), entry.SerializeAsString());
  entry = EntryOf(7);
  entry.mutable_start_time()->set_seconds(253'402'300'800);
  put.Put(keys_.Server(7), entry.SerializeAsString());
  put.Put(keys_.Server(8), EntryOf(8).SerializeAsString());
  Send(put);
  const auto store = Announced(1);
  EXPECT_EQ(Instances(*store), "1 8");
  EXPECT_EQ(store->Servers().count, 2);
}

TEST_F(EtcdServersTest, AServerWritesNothingToAStoreOfAnotherFormat) {
  EtcdTxn put;
  put.Put(keys_.Format(), "2");
  Send(put);
  EtcdStore store(EtcdOptions(prefix_, {EtcdProcess::Shared().address()}));
  store.Announce(EntryOf(1));
  EXPECT_TRUE(absl::StrContains(store.Servers().listed.message(), "format"));
  EXPECT_EQ(CountKeys(prefix_), 1);
}

TEST_F(EtcdServersTest, AServerWritesNothingAfterTheFormatWasRaised) {
  const auto store = Announced(1);
  EtcdTxn raise;
  raise.Put(keys_.Format(), "2");
  raise.Delete({keys_.Server(1), ""});
  Send(raise);
  EXPECT_TRUE(Eventually([&] { return !store->Servers().listed.ok(); }));
  EXPECT_EQ(KeyOf(1).lease(), 0);
}

TEST_F(EtcdServersTest, ALeaseThatHasEndedIsReplacedWithAllItsKeys) {
  EtcdMarkers markers(client_, keys_, [] { return uint64_t{7}; });
  EtcdLease lease(client_, markers, std::chrono::seconds(1));
  lease.Put(keys_.Server(1), "a");
  lease.Put(keys_.Server(2), "b");
  const auto holds = [&] {
    return lease.Holds(keys_.Server(1)) && lease.Holds(keys_.Server(2));
  };
  EXPECT_TRUE(Eventually(holds));
  const int64_t first = KeyOf(1).lease();
  EXPECT_EQ(KeyOf(2).lease(), first);
  ASSERT_OK(client_.RevokeLease(first));
  EXPECT_TRUE(Eventually([&] { return KeyOf(2).value() == "b"; }));
  EXPECT_TRUE(Eventually(holds));
  EXPECT_EQ(KeyOf(1).value(), "a");
  EXPECT_NE(KeyOf(1).lease(), first);
  // A new value replaces the present one.
  lease.Put(keys_.Server(1), "c");
  EXPECT_TRUE(Eventually([&] { return KeyOf(1).value() == "c"; }));
  ASSERT_OK(lease.Last());
  lease.Revoke();
  EXPECT_EQ(CountKeys(prefix_ + "servers/"), 0);
}

TEST_F(EtcdServersTest, TheListIsNoChangeOfARing) {
  const auto store = Announced(1);
  ASSERT_OK(store->Create(HeadOf("r")));
  Mutex mu;
  std::vector<std::string> rings;
  store->Follow([&](const std::string& ring) {
    MutexLock lock(mu);
    if (!ring.empty()) rings.push_back(ring);
    return absl::OkStatus();
  });
  Announced(2)->Withdraw();
  ASSERT_OK(OpenEtcd(prefix_)->Apply(CommitOf("r", 2)));
  EXPECT_TRUE(Eventually([&] {
    MutexLock lock(mu);
    return !rings.empty();
  }));
  store->Follow(nullptr);
  EXPECT_EQ(absl::StrJoin(rings, " "), "r");
  EXPECT_EQ(store->Heads()->size(), 1);
}

}  // namespace
}  // namespace clockwise
