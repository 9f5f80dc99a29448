#include "tests/support/membership_fixture.h"

#include <utility>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "service/api/refusal.h"

namespace clockwise {
namespace {

ChangeRequest One(v1::NodeChange change) {
  ChangeRequest request;
  request.fields = FieldNames::kOne;
  request.changes.push_back(std::move(change));
  return request;
}

}  // namespace

v1::Node RequestNode(const std::string& id, uint32_t weight,
                     const std::string& zone) {
  v1::Node node;
  node.set_id(id);
  node.set_weight(weight);
  node.set_zone(zone);
  return node;
}

ChangeRequest Add(const v1::Node& node) {
  v1::NodeChange change;
  *change.mutable_add() = node;
  return One(std::move(change));
}

ChangeRequest Add(const std::string& id) { return Add(RequestNode(id)); }

ChangeRequest Remove(const std::string& id) {
  v1::NodeChange change;
  change.set_remove(id);
  return One(std::move(change));
}

ChangeRequest Update(const v1::Node& node,
                     const std::vector<std::string>& mask) {
  v1::NodeChange change;
  *change.mutable_update()->mutable_node() = node;
  for (const std::string& path : mask) {
    change.mutable_update()->mutable_update_mask()->add_paths(path);
  }
  return One(std::move(change));
}

ChangeRequest Many(const std::vector<ChangeRequest>& requests) {
  ChangeRequest many;
  many.fields = FieldNames::kMany;
  for (const ChangeRequest& request : requests) {
    for (const v1::NodeChange& change : request.changes) {
      many.changes.push_back(change);
    }
  }
  return many;
}

std::string BytesOf(const google::protobuf::MessageLite& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

absl::Status ObservedStore::Observe(
    const std::function<absl::Status()>& write) {
  if (before) {
    absl::Status allowed = before();
    if (!allowed.ok()) return allowed;
  }
  absl::Status written = write();
  if (!written.ok()) return written;
  ++writes;
  return after ? after() : absl::OkStatus();
}

absl::Status ObservedStore::Readable() const {
  if (!unreadable) return absl::OkStatus();
  return Refusal(v1::ERROR_REASON_STORE_UNAVAILABLE, "it is away");
}

absl::StatusOr<std::vector<StoredRing>> ObservedStore::LoadAll() {
  if (absl::Status status = Readable(); !status.ok()) return status;
  return store_.LoadAll();
}

absl::StatusOr<StoredRing> ObservedStore::Load(absl::string_view ring) {
  if (absl::Status status = Readable(); !status.ok()) return status;
  ++loads;
  return store_.Load(ring);
}

absl::StatusOr<RingHead> ObservedStore::Head(absl::string_view ring) {
  if (absl::Status status = Readable(); !status.ok()) return status;
  return store_.Head(ring);
}

absl::StatusOr<std::vector<stored::v1::ChangeRecord>>
ObservedStore::ChangesAfter(absl::string_view ring, uint64_t incarnation,
                            uint64_t epoch) {
  if (absl::Status status = Readable(); !status.ok()) return status;
  auto records = store_.ChangesAfter(ring, incarnation, epoch);
  if (records.ok() && falsify) falsify(*records);
  return records;
}

absl::Status ObservedStore::Import(const StoredRing& ring) {
  return Observe([&] { return store_.Import(ring); });
}

absl::Status ObservedStore::CreateIfOpen(const StoredRing& ring,
                                         const StillOpen& open) {
  return Observe([&] { return store_.Create(ring, open); });
}

absl::Status ObservedStore::DeleteIfOpen(const Deletion& deletion,
                                         const StillOpen& open) {
  return Observe([&] { return store_.Delete(deletion, open); });
}

absl::Status ObservedStore::UndeleteIfOpen(const Commit& commit,
                                           const StillOpen& open) {
  return Observe([&] { return store_.Undelete(commit, open); });
}

absl::StatusOr<std::vector<DeletedRing>> ObservedStore::Deleted() {
  if (absl::Status status = Readable(); !status.ok()) return status;
  return store_.Deleted();
}

absl::StatusOr<StoredRing> ObservedStore::LoadDeleted(absl::string_view ring,
                                                      uint64_t incarnation) {
  if (absl::Status status = Readable(); !status.ok()) return status;
  return store_.LoadDeleted(ring, incarnation);
}

absl::Status ObservedStore::Purge(const DeletedRing& ring) {
  return Observe([&] { return store_.Purge(ring); });
}

absl::Status ObservedStore::Apply(const Commit& commit) {
  return Observe([&] { return store_.Apply(commit); });
}

void MembershipTest::SetUp() {
  membership_ = Open(store_);
  v1::RingSpec spec;
  spec.set_virtual_node_count(8);
  spec.set_replica_count(2);
  ASSERT_TRUE(membership_->CreateRing(spec).ok());
  store_.writes = 0;
}

Membership::Options MembershipTest::OptionsFor(Store& store, size_t history,
                                               size_t bytes) {
  Membership::Options options;
  options.store = &store;
  options.now = [this] { return now_; };
  options.random = [this] { return ++randoms_; };
  options.history_changes = history;
  options.history_bytes = bytes;
  return options;
}

absl::StatusOr<std::unique_ptr<Membership>> MembershipTest::TryOpen(
    Store& store, size_t history, size_t bytes) {
  return Membership::Open(OptionsFor(store, history, bytes));
}

std::unique_ptr<Membership> MembershipTest::Open(Store& store, size_t history,
                                                 size_t bytes) {
  auto opened = TryOpen(store, history, bytes);
  EXPECT_TRUE(opened.ok()) << opened.status();
  return std::move(opened).value();
}

void MembershipTest::Reopen(size_t history, size_t bytes) {
  membership_.reset();
  membership_ = Open(store_, history, bytes);
}

v1::Change MembershipTest::Make(const ChangeRequest& request) {
  absl::StatusOr<v1::Change> change = membership_->Apply(request);
  EXPECT_TRUE(change.ok()) << change.status();
  return change.ok() ? *std::move(change) : v1::Change();
}

absl::Status MembershipTest::Refused(const ChangeRequest& request) {
  const std::string picture = Picture();
  const int writes = store_.writes;
  const absl::Status status = membership_->Apply(request).status();
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(Picture(), picture) << "a refused change left a trace: " << status;
  EXPECT_EQ(store_.writes, writes);
  return status;
}

std::vector<std::string> MembershipTest::Ids() const {
  std::vector<std::string> ids;
  const StatePtr state = State();
  for (const NodePtr& node : state->ring().nodes()) ids.push_back(node->id());
  return ids;
}

v1::Node MembershipTest::Node(const std::string& id) const {
  const NodePtr node = FindNode(State()->ring().nodes(), id);
  return node == nullptr ? v1::Node() : *node;
}

std::string MembershipTest::Picture() const {
  const StatePtr state = State();
  return BytesOf(SnapshotOf(*state, state->measured, state->epoch, true));
}

}  // namespace clockwise
