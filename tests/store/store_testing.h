// Functions that tests of stores share: rings and commits to store, and rings
// as text to compare. Stateless except for the folder on disk.
#ifndef CLOCKWISE_TESTS_STORE_STORE_TESTING_H_
#define CLOCKWISE_TESTS_STORE_STORE_TESTING_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/api/refusal.h"
#include "service/store/store.h"

namespace clockwise {

// A new folder, which the destructor removes with its content.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& parent = testing::TempDir())
      : path_(parent + "/clockwise-store-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) std::abort();
    path_ = std::filesystem::canonical(path_).string();
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline std::string ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void WriteBytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// Returns a parent for folders that are written thousands of times: in memory,
// if the system has a file system for that.
inline std::string FastParent() {
  return std::filesystem::exists("/dev/shm") ? "/dev/shm" : testing::TempDir();
}

// Returns every file of a folder, by name; a subfolder ends with a slash.
inline std::map<std::string, std::string> ContentOf(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory()) {
      files[name + "/"] = "";
    } else {
      files[name] = ReadBytes(entry.path().string());
    }
  }
  return files;
}

inline RingHead HeadOf(const std::string& ring, uint64_t incarnation = 7) {
  RingHead head;
  head.spec.set_name(ring);
  head.spec.set_layout(v1::LAYOUT_HASHED);
  head.spec.set_virtual_node_count(160);
  head.spec.set_replica_count(1);
  head.incarnation = incarnation;
  head.epoch = 1;
  head.fingerprint = 11;
  return head;
}

inline v1::Node NodeOf(const std::string& id, const std::string& address = "") {
  v1::Node node;
  node.set_id(id);
  node.set_address(address);
  node.set_weight(1);
  return node;
}

// Returns a commit that moves `ring` to `epoch`.
inline Commit CommitOf(const std::string& ring, uint64_t epoch,
                       const std::vector<v1::Node>& upserted = {},
                       const std::vector<std::string>& removed = {},
                       uint64_t incarnation = 7) {
  Commit commit;
  commit.ring = ring;
  commit.incarnation = incarnation;
  commit.history_changes = 1000;
  v1::Change* change = commit.record.mutable_change();
  change->set_epoch(epoch);
  change->set_incarnation(incarnation);
  change->set_fingerprint(1000 + epoch);
  for (const v1::Node& node : upserted) *change->add_upserted() = node;
  for (const std::string& id : removed) change->add_removed_ids(id);
  return commit;
}

// Returns all of a ring as text, so that a comparison shows the difference.
inline std::string TextOf(const StoredRing& ring) {
  std::string text =
      absl::StrCat(ring.head.spec.ShortDebugString(), "\nincarnation ",
                   ring.head.incarnation, " epoch ", ring.head.epoch,
                   " fingerprint ", ring.head.fingerprint, "\n");
  for (const v1::Node& node : ring.nodes) {
    absl::StrAppend(&text, "node ", node.ShortDebugString(), "\n");
  }
  for (const stored::v1::ChangeRecord& record : ring.history) {
    absl::StrAppend(&text, "change ", record.ShortDebugString(), "\n");
  }
  if (!ring.table.empty()) {
    absl::StrAppend(&text, "table ", absl::StrJoin(ring.table, " "), "\n");
  }
  return text;
}

// Returns all of a store as text, or the error.
inline std::string TextOf(Store& store) {
  const auto rings = store.LoadAll();
  if (!rings.ok()) return rings.status().ToString();
  std::string text;
  for (const StoredRing& ring : *rings) text += TextOf(ring);
  return text;
}

inline std::vector<std::string> IdsOf(const StoredRing& ring) {
  std::vector<std::string> ids;
  for (const v1::Node& node : ring.nodes) ids.push_back(node.id());
  return ids;
}

inline std::vector<uint64_t> EpochsOf(const StoredRing& ring) {
  std::vector<uint64_t> epochs;
  for (const auto& record : ring.history) {
    epochs.push_back(record.change().epoch());
  }
  return epochs;
}

}  // namespace clockwise

#define EXPECT_OK(expression)                 \
  do {                                        \
    const auto& expect_ok = (expression);     \
    EXPECT_TRUE(expect_ok.ok()) << expect_ok; \
  } while (false)
#define ASSERT_OK(expression)                 \
  do {                                        \
    const auto& assert_ok = (expression);     \
    ASSERT_TRUE(assert_ok.ok()) << assert_ok; \
  } while (false)
#define EXPECT_REFUSED(expression, reason) \
  EXPECT_EQ(::clockwise::ReasonOf(expression), v1::ERROR_REASON_##reason)

#endif  // CLOCKWISE_TESTS_STORE_STORE_TESTING_H_
