#include "tests/store/fault_vfs.h"

#include <new>

namespace clockwise {

// A file as SQLite sees it; the real file follows it in the same memory.
struct FaultFile {
  sqlite3_file base;  // first, as SQLite requires
  FaultVfs* owner;
  char path[1024];

  static FaultFile& Of(sqlite3_file* file) {
    return *reinterpret_cast<FaultFile*>(file);
  }
  static sqlite3_file* Real(sqlite3_file* file) {
    return reinterpret_cast<sqlite3_file*>(&Of(file) + 1);
  }
  static int Write(sqlite3_file* file, const void* bytes, int count,
                   sqlite3_int64 offset) {
    const int code = Of(file).owner->Write();
    if (code != SQLITE_OK) return code;
    return Real(file)->pMethods->xWrite(Real(file), bytes, count, offset);
  }
  static int Sync(sqlite3_file* file, int flags) {
    FaultVfs& owner = *Of(file).owner;
    int code = owner.Sync();
    if (code != SQLITE_OK) return code;
    sqlite3_file* real = Real(file);
    code = real->pMethods->xSync(real, flags);
    if (code != SQLITE_OK) return code;
    sqlite3_int64 size = 0;
    real->pMethods->xFileSize(real, &size);
    std::string& bytes = owner.durable_[Of(file).path];
    bytes.resize(static_cast<size_t>(size));
    return real->pMethods->xRead(real, bytes.data(), static_cast<int>(size), 0);
  }
  static int Control(sqlite3_file* file, int what, void* argument) {
    const FaultVfs& owner = *Of(file).owner;
    if (what == SQLITE_FCNTL_LAST_ERRNO && owner.failed_) {
      *static_cast<int*>(argument) = owner.error_number_;
      return SQLITE_OK;
    }
    return Real(file)->pMethods->xFileControl(Real(file), what, argument);
  }
  static int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file,
                  int flags, int* out_flags);
  static int Delete(sqlite3_vfs* vfs, const char* path, int sync);
};

namespace {

sqlite3_file* Real(sqlite3_file* file) { return FaultFile::Real(file); }

// Without methods for shared memory: an exclusive connection does not need
// them.
const sqlite3_io_methods kMethods = {
    .iVersion = 1,
    .xClose =
        [](sqlite3_file* f) { return Real(f)->pMethods->xClose(Real(f)); },
    .xRead =
        [](sqlite3_file* f, void* bytes, int count, sqlite3_int64 offset) {
          return Real(f)->pMethods->xRead(Real(f), bytes, count, offset);
        },
    .xWrite = FaultFile::Write,
    .xTruncate =
        [](sqlite3_file* f, sqlite3_int64 size) {
          return Real(f)->pMethods->xTruncate(Real(f), size);
        },
    .xSync = FaultFile::Sync,
    .xFileSize =
        [](sqlite3_file* f, sqlite3_int64* size) {
          return Real(f)->pMethods->xFileSize(Real(f), size);
        },
    .xLock = [](sqlite3_file* f,
                int level) { return Real(f)->pMethods->xLock(Real(f), level); },
    .xUnlock =
        [](sqlite3_file* f, int level) {
          return Real(f)->pMethods->xUnlock(Real(f), level);
        },
    .xCheckReservedLock =
        [](sqlite3_file* f, int* held) {
          return Real(f)->pMethods->xCheckReservedLock(Real(f), held);
        },
    .xFileControl = FaultFile::Control,
    .xSectorSize =
        [](sqlite3_file* f) { return Real(f)->pMethods->xSectorSize(Real(f)); },
    .xDeviceCharacteristics =
        [](sqlite3_file* f) {
          return Real(f)->pMethods->xDeviceCharacteristics(Real(f));
        },
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

FaultVfs* only = nullptr;

}  // namespace

int FaultFile::Open(sqlite3_vfs*, const char* path, sqlite3_file* file,
                    int flags, int* out_flags) {
  FaultFile& fault = Of(file);
  fault.base.pMethods = nullptr;
  fault.owner = only;
  sqlite3_snprintf(sizeof(fault.path), fault.path, "%s",
                   path == nullptr ? "" : path);
  sqlite3_file* real = Real(file);
  real->pMethods = nullptr;
  const int code =
      only->real_->xOpen(only->real_, path, real, flags, out_flags);
  if (real->pMethods != nullptr) fault.base.pMethods = &kMethods;
  return code;
}

int FaultFile::Delete(sqlite3_vfs*, const char* path, int sync) {
  only->durable_.erase(path);
  return only->real_->xDelete(only->real_, path, sync);
}

FaultVfs::FaultVfs() : vfs_(), real_(sqlite3_vfs_find(nullptr)) {
  // Functions that are not replaced receive this vfs. The real functions use
  // only its name and data, which are the same in both.
  vfs_ = *real_;
  vfs_.zName = "fault";
  vfs_.szOsFile = static_cast<int>(sizeof(FaultFile)) + real_->szOsFile;
  vfs_.xOpen = FaultFile::Open;
  vfs_.xDelete = FaultFile::Delete;
  only = this;
  sqlite3_vfs_register(&vfs_, 1);
}

FaultVfs::~FaultVfs() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(real_, 1);
  only = nullptr;
}

void FaultVfs::FailWrite(int count, int code, int error_number) {
  failed_ = false;
  writes_left_ = count;
  write_code_ = code;
  error_number_ = error_number;
}

void FaultVfs::FailSync(int count, int error_number) {
  failed_ = false;
  syncs_left_ = count;
  error_number_ = error_number;
}

int FaultVfs::Write() {
  if (writes_left_ < 0 || writes_left_-- > 0) return SQLITE_OK;
  failed_ = true;
  return write_code_;
}

int FaultVfs::Sync() {
  if (before_sync_) std::exchange(before_sync_, nullptr)();
  ++syncs_;
  if (syncs_left_ < 0 || syncs_left_-- > 0) return SQLITE_OK;
  failed_ = true;
  return SQLITE_IOERR_FSYNC;
}

}  // namespace clockwise
