#include "service/access/audit_log.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/limits.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::string TextOf(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

v1::AuditEntry Entry(const std::string& actor, const std::string& outcome) {
  v1::AuditEntry entry;
  entry.set_actor(actor);
  entry.set_outcome(outcome);
  return entry;
}

class AuditLogTest : public ::testing::Test {
 protected:
  AuditLogTest() {
    std::string name = std::filesystem::temp_directory_path() / "audit-XXXXXX";
    folder_ = mkdtemp(name.data());
    path_ = folder_ / "audit";
  }
  ~AuditLogTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<AuditLog> Open(size_t max_bytes) {
    auto log = AuditLog::Open({path_, max_bytes});
    EXPECT_TRUE(log.ok()) << log.status();
    return *std::move(log);
  }

  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(AuditLogTest, RefusedCallsNeverRemoveTheLineOfAChange) {
  const auto log = Open(1000);
  log->Add(Entry("dns:ops.example", "OK"));
  for (int i = 0; i < 1000; ++i) {
    log->Add(Entry("dns:mail.example", "PERMISSION_DENIED"));
    v1::AuditEntry plan = Entry("dns:mail.example", "OK");
    plan.set_plan(true);
    log->Add(plan);
  }
  EXPECT_THAT(TextOf(path_), HasSubstr("dns:ops.example"));
  EXPECT_THAT(TextOf(path_), Not(HasSubstr("dns:mail.example")));
  EXPECT_THAT(TextOf(path_ + ".refused"), HasSubstr("PERMISSION_DENIED"));
  EXPECT_TRUE(std::filesystem::exists(path_ + ".refused.9"));
  EXPECT_EQ(log->lost(), 0);
}

// logrotate renames the file, or copies and truncates it; operators remove it.
TEST_F(AuditLogTest,
       AFileThatIsRenamedReplacedRemovedOrTruncatedIsOpenedAgain) {
  for (const char* const file : {"", ".refused"}) {
    const std::string outcome = *file == 0 ? "OK" : "PERMISSION_DENIED";
    const std::string path = path_ + file;
    const auto log = Open(1000);
    const auto add = [&](const std::string& actor) {
      log->Add(Entry(actor, outcome));
      EXPECT_THAT(TextOf(path), HasSubstr(actor));
    };
    add("first");
    std::filesystem::rename(path, path + "-old");
    add("renamed");
    EXPECT_THAT(TextOf(path + "-old"), Not(HasSubstr("renamed")));
    std::filesystem::rename(path, path + "-old");
    std::ofstream(path) << "other\n";
    add("replaced");
    EXPECT_THAT(TextOf(path), HasSubstr("other\n"));
    std::filesystem::remove(path);
    add("removed");
    std::filesystem::resize_file(path, 0);
    for (int i = 0; i < 5; ++i) add("truncated");
    EXPECT_FALSE(std::filesystem::exists(path + ".1"));  // not full
    // At SIGHUP, without a line.
    std::filesystem::rename(path, path + "-old");
    EXPECT_TRUE(log->Reopen().ok());
    EXPECT_TRUE(std::filesystem::exists(path));
    EXPECT_EQ(log->lost(), 0);
  }
}

TEST_F(AuditLogTest, WithoutANewFileLinesGoToTheRenamedOneUntilItIsRemoved) {
  const auto log = Open(1000);
  std::filesystem::rename(path_, path_ + "-old");
  std::filesystem::create_directory(path_);  // no file can be opened here
  EXPECT_FALSE(log->Reopen().ok());
  log->Add(Entry("kept", "OK"));
  EXPECT_THAT(TextOf(path_ + "-old"), HasSubstr("kept"));
  EXPECT_EQ(log->lost(), 0);
  std::filesystem::remove(path_ + "-old");
  log->Add(Entry("lost", "OK"));
  EXPECT_EQ(log->lost(), 1);
  std::filesystem::remove(path_);
  log->Add(Entry("again", "OK"));
  EXPECT_THAT(TextOf(path_), HasSubstr("again"));
  EXPECT_EQ(log->lost(), 1);
}

TEST_F(AuditLogTest, AnUnknownOutcomeCountsAsAChange) {
  v1::AuditEntry entry = Entry("dns:ops.example", "UNAVAILABLE");
  entry.set_reason("STORE_UNAVAILABLE");
  EXPECT_TRUE(MayHaveChanged(entry));
  entry.set_reason("STORE_REFUSED");
  EXPECT_FALSE(MayHaveChanged(entry));
  entry.set_reason("OVERLOADED");
  EXPECT_FALSE(MayHaveChanged(entry));
}

TEST_F(AuditLogTest, AFieldIsCutBetweenTwoCharactersAndTheEntrySaysSo) {
  v1::AuditEntry entry;
  const std::string most(limits::kMaxAuditFieldBytes, 'a');
  EXPECT_EQ(BoundedField("ring", most, entry), most);
  EXPECT_EQ(entry.cut_size(), 0);
  // The second byte of the last character is beyond the bound.
  const std::string text = most.substr(1) + "\u00e9" + most;
  EXPECT_EQ(BoundedField("ring", text, entry), most.substr(1));
  EXPECT_EQ(BoundedField("ring", text, entry), most.substr(1));
  EXPECT_THAT(entry.cut(), ElementsAre("ring"));
}

TEST_F(AuditLogTest, ARefusedCallNamesFewNodes) {
  v1::AuditEntry entry = Entry("a", "PERMISSION_DENIED");
  for (int i = 0; i < limits::kMaxRefusedAuditNodes; ++i) entry.add_nodes("n");
  const auto log = Open(1000);
  log->Add(entry);
  EXPECT_THAT(TextOf(path_ + ".refused"), Not(HasSubstr("cut")));
  entry.add_nodes("beyond");
  log->Add(entry);
  EXPECT_THAT(TextOf(path_ + ".refused"), HasSubstr(R"("cut":["nodes"])"));
  EXPECT_THAT(TextOf(path_ + ".refused"), Not(HasSubstr("beyond")));
}

TEST_F(AuditLogTest, ALineThatCannotBeWrittenIsCounted) {
  const auto log = Open(10);  // the second line of a file opens a new one
  log->Add(Entry("a", "OK"));
  std::filesystem::remove_all(folder_);
  log->Add(Entry("b", "OK"));
  EXPECT_EQ(log->lost(), 1);
}

}  // namespace
}  // namespace clockwise
