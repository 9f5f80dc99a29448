#include "client/cli/locate_lines.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/text.h"

namespace clockwise::cli {
namespace {

std::string JsonOf(const v1::Owner& owner) {
  return absl::StrCat("{\"nodeId\":", JsonString(owner.node_id()),
                      ",\"address\":", JsonString(owner.address()),
                      ",\"zone\":", JsonString(owner.zone()), "}");
}

void AppendStart(absl::string_view key, uint64_t epoch,
                 std::optional<uint64_t> hash, std::string& out) {
  if (IsUtf8(key)) {
    absl::StrAppend(&out, "{\"key\":", JsonString(key));
  } else {
    absl::StrAppend(&out, "{\"keyBase64\":\"", absl::Base64Escape(key), "\"");
  }
  absl::StrAppend(&out, ",\"epoch\":\"", epoch, "\"");
  if (hash.has_value()) absl::StrAppend(&out, ",\"hash\":\"", *hash, "\"");
  absl::StrAppend(&out, ",\"owners\":[");
}

}  // namespace

std::string JsonLine(absl::string_view key,
                     const v1::LocateResponse& response) {
  std::vector<std::string> owners;
  for (const v1::Owner& owner : response.owners()) {
    owners.push_back(JsonOf(owner));
  }
  std::string out;
  AppendStart(key, response.epoch(), response.hash(), out);
  absl::StrAppend(&out, absl::StrJoin(owners, ","), "]}\n");
  return out;
}

std::string JsonLines(
    const google::protobuf::RepeatedPtrField<std::string>& keys,
    const v1::BatchLocateResponse& response, const HashOf& hash_of) {
  std::vector<std::string> nodes;
  for (const v1::Owner& owner : response.nodes()) {
    nodes.push_back(JsonOf(owner));
  }
  const int replicas = static_cast<int>(response.replicas());
  std::string out;
  for (int key = 0; key < keys.size(); ++key) {
    AppendStart(keys[key], response.epoch(), hash_of(keys[key]), out);
    for (int r = 0; r < replicas; ++r) {
      absl::StrAppend(&out, r == 0 ? "" : ",",
                      nodes[response.owners(key * replicas + r)]);
    }
    absl::StrAppend(&out, "]}\n");
  }
  return out;
}

std::string TextLines(
    const google::protobuf::RepeatedPtrField<std::string>& keys,
    const v1::BatchLocateResponse& response) {
  const int replicas = static_cast<int>(response.replicas());
  std::string out;
  for (int key = 0; key < keys.size(); ++key) {
    absl::StrAppend(&out, Printable(keys[key]));
    for (int r = 0; r < replicas; ++r) {
      const auto node = static_cast<int>(response.owners(key * replicas + r));
      absl::StrAppend(&out, "\t", response.nodes(node).node_id());
    }
    out += '\n';
  }
  return out;
}

bool IsConsistent(const v1::BatchLocateResponse& response, int keys) {
  const uint64_t owners = static_cast<uint64_t>(keys) * response.replicas();
  if (static_cast<uint64_t>(response.owners_size()) != owners) return false;
  for (const uint32_t node : response.owners()) {
    if (node >= static_cast<uint32_t>(response.nodes_size())) return false;
  }
  return true;
}

}  // namespace clockwise::cli
