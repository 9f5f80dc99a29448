// A FaultVfs stands between SQLite and the files: it counts syncs, fails a
// write or a sync when told to, and knows what a loss of power would leave.
//
// Thread-compatible. While it lives it is SQLite's default file layer; there
// is one at a time, and connections opened through it must be closed before.
#ifndef CLOCKWISE_TESTS_STORE_FAULT_VFS_H_
#define CLOCKWISE_TESTS_STORE_FAULT_VFS_H_

#include <sqlite3.h>

#include <map>
#include <string>

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
  // Whether what was to fail has failed.
  bool failed() const { return failed_; }

  int syncs() const { return syncs_; }

  // Every file as it was when it was synced last, by path.
  const std::map<std::string, std::string>& durable() const { return durable_; }

 private:
  friend struct FaultFile;

  // SQLITE_OK, or the failure that is due.
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
  std::map<std::string, std::string> durable_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_STORE_FAULT_VFS_H_
