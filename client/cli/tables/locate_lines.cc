#include "client/cli/tables/locate_lines.h"

#include <algorithm>
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

void AppendPrevious(const v1::RingEpoch& previous, std::string& out) {
  absl::StrAppend(&out, ",\"previousRing\":", JsonString(previous.ring()),
                  ",\"previousEpoch\":\"", previous.epoch(),
                  "\",\"previousOwners\":[");
}

// OwnersJson appends the owners of each key of a batch to a list that the
// caller has opened.
class OwnersJson {
 public:
  OwnersJson(const google::protobuf::RepeatedPtrField<v1::Owner>& nodes,
             const google::protobuf::RepeatedField<uint32_t>& owners,
             uint32_t replicas)
      : owners_(owners), replicas_(static_cast<int>(replicas)) {
    for (const v1::Owner& node : nodes) nodes_.push_back(JsonOf(node));
  }

  void Append(int key, std::string& out) const {
    for (int r = 0; r < replicas_; ++r) {
      absl::StrAppend(&out, r == 0 ? "" : ",",
                      nodes_[owners_[key * replicas_ + r]]);
    }
    out += ']';
  }

 private:
  std::vector<std::string> nodes_;
  const google::protobuf::RepeatedField<uint32_t>& owners_;
  const int replicas_;
};

bool Fits(const google::protobuf::RepeatedPtrField<v1::Owner>& nodes,
          const google::protobuf::RepeatedField<uint32_t>& owners,
          uint32_t replicas, int keys) {
  if (static_cast<uint64_t>(owners.size()) !=
      static_cast<uint64_t>(keys) * replicas) {
    return false;
  }
  return std::all_of(owners.begin(), owners.end(), [&](uint32_t node) {
    return node < static_cast<uint32_t>(nodes.size());
  });
}

}  // namespace

std::string JsonLine(absl::string_view key,
                     const v1::LocateResponse& response) {
  const auto list = [](const auto& owners) {
    std::vector<std::string> texts;
    for (const v1::Owner& owner : owners) texts.push_back(JsonOf(owner));
    return absl::StrCat(absl::StrJoin(texts, ","), "]");
  };
  std::string out;
  AppendStart(key, response.epoch(), response.hash(), out);
  absl::StrAppend(&out, list(response.owners()));
  if (response.has_previous()) {
    AppendPrevious(response.previous(), out);
    absl::StrAppend(&out, list(response.previous_owners()));
  }
  out += "}\n";
  return out;
}

std::string JsonLines(
    const google::protobuf::RepeatedPtrField<std::string>& keys,
    const v1::BatchLocateResponse& response, const HashOf& hash_of) {
  const OwnersJson owners(response.nodes(), response.owners(),
                          response.replica_count());
  const OwnersJson previous(response.previous_nodes(),
                            response.previous_owners(),
                            response.previous_replica_count());
  std::string out;
  for (int key = 0; key < keys.size(); ++key) {
    AppendStart(keys[key], response.epoch(), hash_of(keys[key]), out);
    owners.Append(key, out);
    if (response.has_previous()) {
      AppendPrevious(response.previous(), out);
      previous.Append(key, out);
    }
    out += "}\n";
  }
  return out;
}

std::string TextLines(
    const google::protobuf::RepeatedPtrField<std::string>& keys,
    const v1::BatchLocateResponse& response) {
  const int replicas = static_cast<int>(response.replica_count());
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
  return Fits(response.nodes(), response.owners(), response.replica_count(),
              keys) &&
         Fits(response.previous_nodes(), response.previous_owners(),
              response.previous_replica_count(), keys);
}

}  // namespace clockwise::cli
