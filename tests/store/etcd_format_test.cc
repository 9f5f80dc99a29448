// Tests a store in etcd whose format a newer version has raised: this version
// writes nothing to it.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "service/store/etcd/values.h"
#include "tests/store/etcd_testing.h"
#include "tests/store/store_deletion_acceptance.h"

namespace clockwise {
namespace {

class EtcdFormatTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(store_->Create(HeadOf("r")));
    ASSERT_OK(store_->Apply(CommitOf("r", 2, {NodeOf("a")})));
  }
  void SetFormat(const std::string& format) {
    EtcdTxn txn;
    txn.Put(prefix_ + "format", format);
    etcdserverpb::TxnResponse response;
    bool maybe_made = false;
    ASSERT_OK(client_.Txn(txn.request(), response, maybe_made));
  }
  // Returns all keys of the store with their values.
  std::string Content() {
    const EtcdRange all = Under(prefix_);
    etcdserverpb::RangeRequest request;
    request.set_key(all.begin);
    request.set_range_end(all.end);
    etcdserverpb::RangeResponse response;
    EXPECT_OK(client_.Range(request, response));
    std::string text;
    for (const mvccpb::KeyValue& kv : response.kvs()) {
      absl::StrAppend(&text, kv.key(), "=", kv.value(), "\n");
    }
    return text;
  }

  const std::string prefix_ = NewPrefix();
  EtcdClient client_{
      EtcdOptions(prefix_, {EtcdProcess::Shared().address()}).client};
  std::shared_ptr<EtcdStore> store_ = OpenEtcd(prefix_);
};

void ExpectNewerFormat(const absl::Status& status) {
  EXPECT_REFUSED(status, STORE_UNAVAILABLE) << status;
  EXPECT_NE(status.message().find("format \"2\" is not supported"),
            std::string::npos)
      << status;
}

TEST_F(EtcdFormatTest, ARunningServerWritesNothingToANewerFormat) {
  std::vector<v1::Node> many;
  for (int i = 0; i < 300; ++i) many.push_back(NodeOf(absl::StrCat("n", i)));
  StoredRing imported;
  imported.head = HeadOf("imported");
  const std::vector<std::function<absl::Status(Store&)>> writes = {
      [](Store& store) { return store.Create(HeadOf("s")); },
      [&](Store& store) { return store.Import(imported); },
      [](Store& store) { return store.Apply(CommitOf("r", 3)); },
      [&](Store& store) { return store.Apply(CommitOf("r", 3, many)); },
      [](Store& store) { return store.Delete("r", 7); },
      [](Store& store) { return store.Delete(KeepingDeletion("r")); },
      [](Store& store) {
        return store.Undelete(RestoringCommit("kept", 2, 11));
      },
      [](Store& store) {
        DeletedRing kept;
        kept.head = HeadOf("kept");
        return store.Purge(kept);
      }};
  {
    const auto store = OpenEtcd(prefix_);
    ASSERT_OK(store->Create(HeadOf("kept")));
    ASSERT_OK(store->Delete(KeepingDeletion("kept")));
  }
  for (const auto& write : writes) {
    // A store that has written before, and one that has only read.
    for (const bool has_written : {true, false}) {
      const auto store = OpenEtcd(prefix_);
      SetFormat(std::string(kEtcdFormat));
      ASSERT_OK(store->LoadAll().status());
      if (has_written) {
        ASSERT_OK(store->Create(HeadOf("t")));
        ASSERT_OK(store->Delete("t", 7));
      }
      SetFormat("2");
      const std::string before = Content();
      ExpectNewerFormat(write(*store));
      ExpectNewerFormat(write(*store));
      EXPECT_EQ(Content(), before);
    }
  }
}

// A server that loses a race writes a mark. It must not do so here.
TEST_F(EtcdFormatTest, AServerThatLosesARaceToANewerVersionWritesNothing) {
  ASSERT_OK(OpenEtcd(prefix_)->Apply(CommitOf("r", 3, {NodeOf("b")})));
  SetFormat("2");
  const std::string before = Content();
  ExpectNewerFormat(store_->Apply(CommitOf("r", 3)));
  EXPECT_EQ(Content(), before);
}

TEST_F(EtcdFormatTest, ANewerFormatIsNotReadEither) {
  SetFormat("2");
  for (const auto& store : {store_, OpenEtcd(prefix_)}) {
    ExpectNewerFormat(store->LoadAll().status());
    ExpectNewerFormat(store->Heads().status());
    ExpectNewerFormat(store->Load("r").status());
    ExpectNewerFormat(store->ChangesAfter("r", 7, 1).status());
  }
}

TEST_F(EtcdFormatTest, WhenTheFormatIsBackChangesGoOn) {
  SetFormat("2");
  ExpectNewerFormat(store_->Apply(CommitOf("r", 3)));
  SetFormat(std::string(kEtcdFormat));
  ASSERT_OK(store_->Apply(CommitOf("r", 3)));
  EXPECT_EQ(store_->Load("r")->head.epoch, 3);
}

}  // namespace
}  // namespace clockwise
