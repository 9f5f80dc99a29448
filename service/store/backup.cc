#include "service/store/backup.h"

#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/delimited_message_util.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clockwise/stored/v1/stored.pb.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/ring/hash.h"
#include "service/store/record_upgrade.h"
#include "service/store/sqlite/file.h"
#include "service/store/store_rules.h"

namespace clockwise {
namespace {

constexpr absl::string_view kBackupMagic = "CLKWBAK1";
constexpr size_t kDigestBytes = 8;
constexpr size_t kOrdinalsPerEntry = 128ull * 1024;

std::string DigestOf(absl::string_view bytes) {
  const uint64_t digest = Xxh3(bytes);
  std::string text(kDigestBytes, '\0');
  for (size_t i = 0; i < kDigestBytes; ++i) {
    text[i] = static_cast<char>(digest >> (8 * i));
  }
  return text;
}

void Append(const stored::v1::BackupEntry& entry, std::string& bytes) {
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::util::SerializeDelimitedToZeroCopyStream(entry, &stream);
}

}  // namespace

void AppendRing(const StoredRing& ring, std::string& bytes) {
  stored::v1::BackupEntry entry;
  stored::v1::BackupRing& head = *entry.mutable_ring();
  *head.mutable_spec() = ring.head.spec;
  head.set_incarnation(ring.head.incarnation);
  head.set_epoch(ring.head.epoch);
  head.set_fingerprint(ring.head.fingerprint);
  Append(entry, bytes);
  for (const v1::Node& node : ring.nodes) {
    *entry.mutable_node() = node;
    Append(entry, bytes);
  }
  for (const stored::v1::ChangeRecord& record : ring.history) {
    *entry.mutable_change() = record;
    Append(entry, bytes);
  }
  for (size_t first = 0; first < ring.table.size();
       first += kOrdinalsPerEntry) {
    const size_t count = std::min(kOrdinalsPerEntry, ring.table.size() - first);
    entry.mutable_table()->mutable_ordinals()->Assign(
        ring.table.begin() + static_cast<ptrdiff_t>(first),
        ring.table.begin() + static_cast<ptrdiff_t>(first + count));
    Append(entry, bytes);
  }
}

namespace {

absl::Status Refused(const std::string& path, absl::string_view what) {
  return absl::FailedPreconditionError(absl::StrCat(path, ": ", what));
}

absl::Status TakeEntry(stored::v1::BackupEntry& entry,
                       std::vector<StoredRing>& rings) {
  if (entry.has_ring()) {
    const stored::v1::BackupRing& head = entry.ring();
    rings.emplace_back().head = {head.spec(), head.incarnation(), head.epoch(),
                                 head.fingerprint()};
    return absl::OkStatus();
  }
  if (rings.empty()) {
    return absl::DataLossError(
        "its first entry is not a ring; use another backup");
  }
  StoredRing& ring = rings.back();
  switch (entry.entry_case()) {
    case stored::v1::BackupEntry::kNode:
      ring.nodes.push_back(std::move(*entry.mutable_node()));
      return absl::OkStatus();
    case stored::v1::BackupEntry::kChange:
      if (!UpgradeRecord(*entry.mutable_change())) {
        return absl::DataLossError(
            absl::StrCat("a change of ring ", Quoted(ring.head.spec.name()),
                         " cannot be parsed; use another backup"));
      }
      ring.history.push_back(std::move(*entry.mutable_change()));
      return absl::OkStatus();
    case stored::v1::BackupEntry::kTable:
      ring.table.insert(ring.table.end(), entry.table().ordinals().begin(),
                        entry.table().ordinals().end());
      return absl::OkStatus();
    default:
      return absl::DataLossError(
          "contains an entry of an unknown kind; use the version of Clockwise "
          "that wrote it");
  }
}

}  // namespace

absl::StatusOr<std::vector<StoredRing>> ParseRings(absl::string_view bytes) {
  google::protobuf::io::ArrayInputStream stream(bytes.data(),
                                                static_cast<int>(bytes.size()));
  std::vector<StoredRing> rings;
  while (true) {
    stored::v1::BackupEntry entry;
    bool clean_end = false;
    if (!google::protobuf::util::ParseDelimitedFromZeroCopyStream(
            &entry, &stream, &clean_end)) {
      if (clean_end) return rings;
      return absl::DataLossError(
          "an entry cannot be parsed; use another backup");
    }
    absl::Status status = TakeEntry(entry, rings);
    if (!status.ok()) return status;
  }
}

namespace {

absl::Status WriteTo(const std::string& path, absl::string_view bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (file.good()) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat(path, ": cannot be written: ", std::strerror(errno)));
}

}  // namespace

absl::StatusOr<std::string> BackupBytes(const std::vector<StoredRing>& rings) {
  std::string bytes(kBackupMagic);
  for (const StoredRing& ring : rings) AppendRing(ring, bytes);
  if (bytes.size() > limits::kMaxBackupBytes) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the rings need ", bytes.size(), " bytes, but a backup has at most ",
        limits::kMaxBackupBytes));
  }
  bytes += DigestOf(bytes);
  return bytes;
}

absl::Status WriteBackup(const std::string& path,
                         const std::vector<StoredRing>& rings) {
  const auto bytes = BackupBytes(rings);
  if (!bytes.ok()) return Refused(path, bytes.status().message());
  const auto temporary = NewTemporaryFile(path);
  if (!temporary.ok()) return temporary.status();
  absl::Status status = WriteTo(*temporary, *bytes);
  if (status.ok()) status = Publish(*temporary, path);
  if (!status.ok()) unlink(temporary->c_str());
  return status;
}

absl::StatusOr<std::vector<StoredRing>> ReadBackup(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file.is_open()) {
    return absl::Status(
        errno == ENOENT ? absl::StatusCode::kNotFound
                        : absl::StatusCode::kUnavailable,
        absl::StrCat(path, ": cannot be read: ", std::strerror(errno)));
  }
  std::string bytes;
  std::string part(1024ull * 1024, '\0');
  while (file.read(part.data(), static_cast<std::streamsize>(part.size())) ||
         file.gcount() > 0) {
    bytes.append(part, 0, static_cast<size_t>(file.gcount()));
    if (bytes.size() > limits::kMaxBackupBytes + kDigestBytes) {
      return Refused(path,
                     absl::StrCat("has more than ", limits::kMaxBackupBytes,
                                  " bytes, the maximum of a backup; use "
                                  "another file"));
    }
  }
  return ParseBackup(path, bytes);
}

absl::StatusOr<std::vector<StoredRing>> ParseBackup(const std::string& name,
                                                    absl::string_view all) {
  if (!absl::StartsWith(all, kBackupMagic.substr(0, kBackupMagic.size() - 1))) {
    return Refused(name,
                   "not a backup of Clockwise; use a file that `clockwise "
                   "store backup` wrote");
  }
  if (!absl::StartsWith(all, kBackupMagic)) {
    return Refused(name,
                   "the format of this backup is unknown; use the version of "
                   "Clockwise that wrote it");
  }
  if (all.size() < kBackupMagic.size() + kDigestBytes ||
      DigestOf(all.substr(0, all.size() - kDigestBytes)) !=
          all.substr(all.size() - kDigestBytes)) {
    return Refused(
        name, "damaged or incomplete (wrong checksum); use another backup");
  }
  all.remove_suffix(kDigestBytes);
  all.remove_prefix(kBackupMagic.size());
  auto rings = ParseRings(all);
  if (!rings.ok()) return Refused(name, rings.status().message());
  for (const StoredRing& ring : *rings) {
    absl::Status status = CheckRing(ring);
    if (!status.ok()) return Refused(name, status.message());
  }
  return rings;
}

}  // namespace clockwise
