// Finds out whether a file could be written, without a change. Stateless.
#ifndef CLOCKWISE_SERVICE_RUNTIME_FILE_ACCESS_H_
#define CLOCKWISE_SERVICE_RUNTIME_FILE_ACCESS_H_

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string>

namespace clockwise {

// Returns the error number of opening the file `path` for writing, or of
// creating it if it does not exist; 0 if that would work. Creates no file.
inline int WriteError(const std::string& path) {
  // A named pipe without a reader must not block.
  const int file = open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
  if (file >= 0) {
    close(file);
    return 0;
  }
  if (errno != ENOENT) return errno;
  std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (folder.empty()) folder = ".";
  const int refused =
      faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS);
  return refused == 0 ? 0 : errno;
}

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RUNTIME_FILE_ACCESS_H_
