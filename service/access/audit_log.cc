#include "service/access/audit_log.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/limits.h"

namespace clockwise {
namespace {

// Keeps the first node IDs of a rejected call.
void DropNodes(v1::AuditEntry& entry) {
  if (entry.nodes_size() <= limits::kMaxRefusedAuditNodes) return;
  entry.mutable_nodes()->DeleteSubrange(
      limits::kMaxRefusedAuditNodes,
      entry.nodes_size() - limits::kMaxRefusedAuditNodes);
  MarkCut("nodes", entry);
}

std::string RefusedPath(const AuditLog::Options& options) {
  return absl::StrCat(options.path, ".refused");
}

}  // namespace

absl::Status AuditLog::Check(const Options& options) {
  absl::Status status = RotatingFile::Check(options.path);
  if (status.ok()) status = RotatingFile::Check(RefusedPath(options));
  return status;
}

absl::StatusOr<std::unique_ptr<AuditLog>> AuditLog::Open(
    const Options& options) {
  auto changes = RotatingFile::Open(options.path, options.max_bytes);
  if (!changes.ok()) return changes.status();
  auto refused = RotatingFile::Open(RefusedPath(options), options.max_bytes);
  if (!refused.ok()) return refused.status();
  return std::unique_ptr<AuditLog>(
      new AuditLog(*std::move(changes), *std::move(refused)));
}

void AuditLog::Add(v1::AuditEntry entry) {
  entry.set_time(
      absl::FormatTime(absl::RFC3339_full, absl::Now(), absl::UTCTimeZone()));
  const bool changed = MayHaveChanged(entry);
  if (!changed) DropNodes(entry);
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string line;
  const auto written =
      google::protobuf::util::MessageToJsonString(entry, &line, options);
  line.push_back('\n');
  RotatingFile& file = changed ? *changes_ : *refused_;
  if (!written.ok() || !file.Append(line)) ++lost_;
}

absl::Status AuditLog::Reopen() {
  absl::Status status = changes_->Reopen();
  status.Update(refused_->Reopen());
  return status;
}

bool MayHaveChanged(const v1::AuditEntry& entry) {
  return !entry.plan() &&
         (entry.outcome() == "OK" || entry.reason() == "STORE_UNAVAILABLE");
}

void MarkCut(absl::string_view field, v1::AuditEntry& entry) {
  if (std::find(entry.cut().begin(), entry.cut().end(), field) ==
      entry.cut().end()) {
    entry.add_cut(std::string(field));
  }
}

std::string BoundedField(absl::string_view field, absl::string_view text,
                         v1::AuditEntry& entry) {
  if (text.size() <= limits::kMaxAuditFieldBytes) return std::string(text);
  MarkCut(field, entry);
  size_t size = limits::kMaxAuditFieldBytes;
  // A character of UTF-8 has at most three bytes after its first one.
  for (int i = 0; i < 3 && (text[size] & 0xC0) == 0x80; ++i) --size;
  return std::string(text.substr(0, size));
}

}  // namespace clockwise
