// FaultVfs is a layer between SQLite and its files. It counts syncs, makes a
// write or a sync fail on demand, and keeps the content that survives a loss of
// power.
//
// Thread-compatible. It is SQLite's default file layer until it is destroyed.
// Only one may exist at a time. Close connections that use it before that.
#ifndef CLOCKWISE_TESTS_STORE_FAULT_VFS_H_
#define CLOCKWISE_TESTS_STORE_FAULT_VFS_H_

#include <sqlite3.h>

#include <functional>
#include <map>
#include <string>
#include <utility>

namespace clockwise {

class FaultVfs {
 public:
  FaultVfs();
  ~FaultVfs();
  FaultVfs(const FaultVfs&) = delete;
  FaultVfs& operator=(const FaultVfs&) = delete;

  // Lets `count` writes (syncs) pass and fails the next one, once, with
  // SQLite's `code` and the system's `error_number`.
  void FailWrite(int count, int code, int error_number);
  void FailSync(int count, int error_number);
  // Calls `meanwhile` before the next sync, once.
  void BeforeSync(std::function<void()> meanwhile) {
    before_sync_ = std::move(meanwhile);
  }
  // True if the requested failure has happened.
  bool failed() const { return failed_; }

  int syncs() const { return syncs_; }

  // Returns the content of every file when it was last synced, by path.
  const std::map<std::string, std::string>& durable() const { return durable_; }

 private:
  friend struct FaultFile;

  // Return SQLITE_OK, or the failure that is due.
  int Write();
  int Sync();

  sqlite3_vfs vfs_;
  sqlite3_vfs* const real_;
  int writes_left_ = -1;
  int write_code_ = 0;
  int syncs_left_ = -1;
  int error_number_ = 0;
  bool failed_ = false;
  int syncs_ = 0;
  std::function<void()> before_sync_;
  std::map<std::string, std::string> durable_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_STORE_FAULT_VFS_H_
