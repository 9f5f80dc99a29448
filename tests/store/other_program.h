// Fixture for tests of SQLite files: another program that changes a file, and a
// file that must open or be rejected as damaged.
#ifndef CLOCKWISE_TESTS_STORE_OTHER_PROGRAM_H_
#define CLOCKWISE_TESTS_STORE_OTHER_PROGRAM_H_

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "service/store/sqlite/sqlite_store.h"
#include "tests/store/store_testing.h"

namespace clockwise {

// Changes a closed file as another program would.
class OtherProgram {
 public:
  explicit OtherProgram(const std::string& path) {
    EXPECT_EQ(sqlite3_open(path.c_str(), &connection_), SQLITE_OK);
  }
  ~OtherProgram() { EXPECT_EQ(sqlite3_close(connection_), SQLITE_OK); }
  OtherProgram(const OtherProgram&) = delete;
  OtherProgram& operator=(const OtherProgram&) = delete;

  // Returns the first column of the first row. `blobs` are the parameters.
  std::string Run(const std::string& sql,
                  const std::vector<std::string>& blobs = {}) {
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(
        sqlite3_prepare_v2(connection_, sql.c_str(), -1, &statement, nullptr),
        SQLITE_OK)
        << sql << ": " << sqlite3_errmsg(connection_);
    int at = 0;
    for (const std::string& blob : blobs) {
      sqlite3_bind_blob(statement, ++at, blob.data(),
                        static_cast<int>(blob.size()), SQLITE_TRANSIENT);
    }
    std::string result;
    const int code = sqlite3_step(statement);
    if (code == SQLITE_ROW && sqlite3_column_blob(statement, 0) != nullptr) {
      result.assign(static_cast<const char*>(sqlite3_column_blob(statement, 0)),
                    static_cast<size_t>(sqlite3_column_bytes(statement, 0)));
    }
    EXPECT_TRUE(code == SQLITE_ROW || code == SQLITE_DONE)
        << sql << ": " << sqlite3_errmsg(connection_);
    sqlite3_finalize(statement);
    return result;
  }

 private:
  sqlite3* connection_ = nullptr;
};

class DamagedFileTest : public testing::Test {
 protected:
  std::unique_ptr<SqliteStore> Open() {
    auto store = SqliteStore::Open(path_, {});
    EXPECT_OK(store.status());
    return store.ok() ? *std::move(store) : nullptr;
  }

  // Checks that the file is rejected in one line that contains `why`, and is
  // not changed.
  void ExpectDamaged(const std::string& why) {
    const auto before = ContentOf(folder_.path());
    const auto store = SqliteStore::Open(path_, {});
    ASSERT_EQ(store.status().code(), absl::StatusCode::kFailedPrecondition)
        << store.status();
    const std::string message(store.status().message());
    EXPECT_TRUE(absl::StartsWith(message, path_ + ": is damaged (")) << message;
    EXPECT_NE(message.find(why), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_EQ(ContentOf(folder_.path()), before) << message;
  }

  TemporaryFolder folder_{FastParent()};
  const std::string path_ = folder_.File("db");
};

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_STORE_OTHER_PROGRAM_H_
