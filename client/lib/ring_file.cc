#include "client/lib/ring_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/limits.h"
#include "service/ring/hash.h"

namespace clockwise::client {
namespace {

constexpr absl::string_view kMagic = "CLKWRNG1";
constexpr size_t kDigestAt = 8;
constexpr size_t kTimeAt = 16;
constexpr size_t kRingAt = 24;

absl::Status Refused(const std::string& path, absl::string_view what) {
  return absl::UnavailableError(absl::StrCat(
      path, ": ", what, ": ", std::generic_category().message(errno)));
}

absl::Status DamagedRingFile(const std::string& path, absl::string_view what) {
  return absl::DataLossError(absl::StrCat(path, ": ", what));
}

std::string LittleEndian(uint64_t number) {
  std::string text(8, '\0');
  for (size_t i = 0; i < 8; ++i) text[i] = static_cast<char>(number >> (8 * i));
  return text;
}

uint64_t NumberAt(absl::string_view bytes, size_t at) {
  uint64_t number = 0;
  for (size_t i = 0; i < 8; ++i) {
    number |= uint64_t{static_cast<uint8_t>(bytes[at + i])} << (8 * i);
  }
  return number;
}

std::string Encode(const KeptRing& kept) {
  const std::string body = absl::StrCat(
      LittleEndian(static_cast<uint64_t>(absl::ToUnixMillis(kept.confirmed))),
      SnapshotOf(*kept.view).SerializeAsString());
  return absl::StrCat(kMagic, LittleEndian(Xxh3(body)), body);
}

absl::Status WriteAll(int file, absl::string_view bytes,
                      const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Refused(path, "cannot be written");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  if (fsync(file) != 0) return Refused(path, "cannot be synced");
  return absl::OkStatus();
}

absl::Status SyncFolder(const std::string& folder) {
  const int file = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return Refused(folder, "cannot be opened");
  const absl::Cleanup close_it = [file] { close(file); };
  return fsync(file) == 0 ? absl::OkStatus()
                          : Refused(folder, "cannot be synced");
}

absl::StatusOr<std::string> ReadAll(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) {
    return absl::NotFoundError(absl::StrCat(path, ": there is no such file"));
  }
  if (file < 0) return Refused(path, "cannot be opened");
  const absl::Cleanup close_it = [file] { close(file); };
  struct stat about = {};
  if (fstat(file, &about) != 0) return Refused(path, "cannot be read");
  if (!S_ISREG(about.st_mode)) {
    return DamagedRingFile(path, "not a regular file; use another path");
  }
  if (static_cast<size_t>(about.st_size) > limits::kMaxRingFileBytes) {
    return DamagedRingFile(
        path, absl::StrCat("the file has more than ", limits::kMaxRingFileBytes,
                           " bytes; delete it"));
  }
  std::string bytes(static_cast<size_t>(about.st_size), '\0');
  size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = read(file, bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Refused(path, "cannot be read");
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace

absl::Status WriteRingFile(const std::string& path, const KeptRing& kept) {
  const std::string bytes = Encode(kept);
  if (bytes.size() > limits::kMaxRingFileBytes) {
    return absl::UnavailableError(
        absl::StrCat(path, ": the ring has more than ",
                     limits::kMaxRingFileBytes, " bytes"));
  }
  std::string temporary = path + ".XXXXXX";
  const int file = mkostemp(temporary.data(), O_CLOEXEC);
  if (file < 0) {
    return Refused(path, "cannot create a temporary file in its folder");
  }
  absl::Cleanup remove_it = [&] { unlink(temporary.c_str()); };
  absl::Status status = WriteAll(file, bytes, path);
  if (close(file) != 0) status.Update(Refused(path, "cannot be written"));
  if (!status.ok()) return status;
  if (rename(temporary.c_str(), path.c_str()) != 0) {
    return Refused(path, "cannot be replaced");
  }
  std::move(remove_it).Cancel();
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return SyncFolder(folder.empty() ? "." : folder);
}

absl::StatusOr<KeptRing> ReadRingFile(const std::string& path,
                                      const std::string& ring) {
  auto bytes = ReadAll(path);
  if (!bytes.ok()) return bytes.status();
  const absl::string_view all = *bytes;
  if (all.size() < kRingAt || !absl::StartsWith(all, kMagic)) {
    return DamagedRingFile(path,
                           "not a ring file; delete it or use another path");
  }
  if (NumberAt(all, kDigestAt) != Xxh3(all.substr(kTimeAt))) {
    return DamagedRingFile(path,
                           "the file is damaged (wrong checksum); delete it");
  }
  v1::Snapshot snapshot;
  const absl::string_view body = all.substr(kRingAt);
  if (!snapshot.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return DamagedRingFile(
        path, "the file is damaged (no valid Snapshot); delete it");
  }
  if (snapshot.spec().name() != ring) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": contains ring \"", snapshot.spec().name(),
                     "\", not \"", ring, "\"; use one file per ring"));
  }
  auto view = FromSnapshot(snapshot, nullptr);
  if (!view.ok()) return DamagedRingFile(path, view.status().message());
  return KeptRing{
      *std::move(view),
      absl::FromUnixMillis(static_cast<int64_t>(NumberAt(all, kTimeAt)))};
}

}  // namespace clockwise::client
