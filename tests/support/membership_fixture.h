// A Membership over a MemoryStore with a clock that stands and random numbers
// that count, and short ways to ask it for changes.
#ifndef CLOCKWISE_TESTS_SUPPORT_MEMBERSHIP_FIXTURE_H_
#define CLOCKWISE_TESTS_SUPPORT_MEMBERSHIP_FIXTURE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "clockwise/v1/placement.pb.h"
#include "gtest/gtest.h"
#include "service/limits.h"
#include "service/membership/membership.h"
#include "service/store/memory_store.h"
#include "service/store/store.h"

namespace clockwise {

v1::Node RequestNode(const std::string& id, uint32_t weight = 1,
                     const std::string& zone = "");

ChangeRequest Add(const v1::Node& node);
ChangeRequest Add(const std::string& id);
ChangeRequest Remove(const std::string& id);
ChangeRequest Update(const v1::Node& node,
                     const std::vector<std::string>& mask = {});
// ApplyChanges of all that these ask for.
ChangeRequest Many(const std::vector<ChangeRequest>& requests);

// Returns bytes that are equal for equal messages: maps are in a fixed order.
std::string BytesOf(const google::protobuf::MessageLite& message);

// A store that lets a test see and stop each write.
class ObservedStore final : public Store {
 public:
  explicit ObservedStore(Store& store) : store_(store) {}

  absl::StatusOr<std::vector<StoredRing>> LoadAll() override;
  absl::StatusOr<StoredRing> Load(absl::string_view ring) override;
  absl::StatusOr<RingHead> Head(absl::string_view ring) override;
  absl::StatusOr<std::vector<stored::v1::ChangeRecord>> ChangesAfter(
      absl::string_view ring, uint64_t incarnation, uint64_t epoch) override;
  [[nodiscard]] absl::Status Import(const StoredRing& ring) override;
  [[nodiscard]] absl::Status Apply(const Commit& commit) override;
  absl::StatusOr<std::vector<DeletedRing>> Deleted() override;
  absl::StatusOr<StoredRing> LoadDeleted(absl::string_view ring,
                                         uint64_t incarnation) override;
  [[nodiscard]] absl::Status Purge(const DeletedRing& ring) override;
  bool up() const override { return is_up && trust.ok(); }
  [[nodiscard]] absl::Status Trust() const override { return trust; }

  // The result of Trust. Set it while no other thread uses the store.
  absl::Status trust;
  // Called before a write; not OK refuses it. `after` is called when it was
  // made; not OK is the answer all the same.
  std::function<absl::Status()> before, after;
  // Changes the result of ChangesAfter.
  std::function<void(std::vector<stored::v1::ChangeRecord>&)> falsify;
  // Fails all reads.
  std::atomic<bool> unreadable = false;
  std::atomic<int> writes = 0;
  std::atomic<int> loads = 0;  // of whole rings, one by one
  std::atomic<bool> is_up = true;

 private:
  [[nodiscard]] absl::Status CreateIfOpen(const StoredRing& ring,
                                          const StillOpen& open) override;
  [[nodiscard]] absl::Status DeleteIfOpen(const Deletion& deletion,
                                          const StillOpen& open) override;
  [[nodiscard]] absl::Status UndeleteIfOpen(const Commit& commit,
                                            const StillOpen& open) override;
  absl::Status Observe(const std::function<absl::Status()>& write);
  absl::Status Readable() const;

  Store& store_;
};

class MembershipTest : public ::testing::Test {
 protected:
  void SetUp() override;

  // Opens a Membership over `store`, which must work; its rings stay.
  std::unique_ptr<Membership> Open(Store& store, size_t history = 1000,
                                   size_t bytes = limits::kHistoryBytes);
  absl::StatusOr<std::unique_ptr<Membership>> TryOpen(
      Store& store, size_t history = 1000,
      size_t bytes = limits::kHistoryBytes);
  Membership::Options OptionsFor(Store& store, size_t history = 1000,
                                 size_t bytes = limits::kHistoryBytes);
  // Opens membership_ again, from what is stored.
  void Reopen(size_t history = 1000, size_t bytes = limits::kHistoryBytes);

  // The change, which must be accepted.
  v1::Change Make(const ChangeRequest& request);
  // Why the change is refused, which it must be.
  absl::Status Refused(const ChangeRequest& request);

  StatePtr State() const { return membership_->Find("").value(); }
  uint64_t Epoch() const { return State()->epoch; }
  std::vector<std::string> Ids() const;
  v1::Node Node(const std::string& id) const;
  // The whole newest ring, as bytes.
  std::string Picture() const;

  MemoryStore memory_;
  ObservedStore store_{memory_};
  std::atomic<uint64_t> randoms_ = 100;
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  std::unique_ptr<Membership> membership_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_SUPPORT_MEMBERSHIP_FIXTURE_H_
