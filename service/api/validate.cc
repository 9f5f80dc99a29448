#include "service/api/validate.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/limits.h"

namespace clockwise {
namespace {

bool IsIdByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::string_view("._-:/").find(c) != absl::string_view::npos;
}

absl::Status ValidateLength(absl::string_view field, size_t bytes,
                            size_t most) {
  if (bytes <= most) return absl::OkStatus();
  return FieldRefusal(field, absl::StrCat(bytes, " bytes; at most ", most));
}

// Checks text that is written to logs, labels and tables, where a control
// character could forge a line.
absl::Status ValidateText(absl::string_view field, absl::string_view text,
                          size_t most) {
  if (absl::Status status = ValidateLength(field, text.size(), most);
      !status.ok()) {
    return status;
  }
  if (std::any_of(text.begin(), text.end(), [](char c) {
        return absl::ascii_iscntrl(static_cast<unsigned char>(c));
      })) {
    return FieldRefusal(
        field,
        absl::StrCat(Quoted(text), " contains a control character; remove it"));
  }
  return absl::OkStatus();
}

absl::Status ValidateLabels(const v1::Node& node) {
  if (static_cast<size_t>(node.labels_size()) > limits::kMaxLabels) {
    return FieldRefusal("labels",
                        absl::StrCat(node.labels_size(), " labels; at most ",
                                     limits::kMaxLabels));
  }
  size_t bytes = 0;
  for (const auto& [name, value] : node.labels()) {
    bytes += name.size() + value.size();
    if (name.empty()) {
      return FieldRefusal("labels",
                          "a label has an empty name; name or remove it");
    }
  }
  return ValidateLength("labels", bytes, limits::kMaxLabelBytes);
}

}  // namespace

absl::StatusOr<uint32_t> InBounds(absl::string_view field, uint32_t value,
                                  uint32_t otherwise, uint32_t least,
                                  uint32_t most) {
  if (value == 0) return otherwise;
  if (value >= least && value <= most) return value;
  return FieldRefusal(
      field, absl::StrCat(value, " is not from ", least, " to ", most));
}

absl::Status ValidateId(absl::string_view field, absl::string_view id) {
  if (id.empty()) {
    return FieldRefusal(field,
                        absl::StrCat("is empty; 1 to ", limits::kMaxIdBytes,
                                     " bytes are required"));
  }
  if (absl::Status status =
          ValidateLength(field, id.size(), limits::kMaxIdBytes);
      !status.ok()) {
    return status;
  }
  const auto first = static_cast<unsigned char>(id.front());
  if (!std::all_of(id.begin(), id.end(), IsIdByte) ||
      !absl::ascii_isalnum(first)) {
    return FieldRefusal(
        field, absl::StrCat(Quoted(id),
                            " is not valid; use letters, digits and ._-:/, "
                            "and begin with a letter or digit"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> RingName(absl::string_view ring) {
  if (ring.empty()) return std::string(kDefaultRing);
  if (absl::Status status = ValidateId("ring", ring); !status.ok()) {
    return status;
  }
  return std::string(ring);
}

absl::StatusOr<v1::Node> NormalizeNode(const v1::Node& node) {
  for (absl::Status status :
       {ValidateId("id", node.id()),
        ValidateText("address", node.address(), limits::kMaxAddressBytes),
        ValidateText("zone", node.zone(), limits::kMaxZoneBytes),
        ValidateText("hash_key", node.hash_key(), limits::kMaxHashKeyBytes),
        ValidateLabels(node)}) {
    if (!status.ok()) return status;
  }
  if (node.weight() > limits::kMaxWeight) {
    return FieldRefusal(
        "weight",
        absl::StrCat(node.weight(), " is not from 0 to ", limits::kMaxWeight));
  }
  if (static_cast<size_t>(node.points_size()) > limits::kMaxNodePoints) {
    return FieldRefusal("points",
                        absl::StrCat(node.points_size(), " points; at most ",
                                     limits::kMaxNodePoints));
  }
  if (node.virtual_node_count() > limits::kMaxVirtualNodes) {
    return FieldRefusal(
        "virtual_node_count",
        absl::StrCat(node.virtual_node_count(), " is above the maximum of ",
                     limits::kMaxVirtualNodes));
  }
  v1::Node normal = node;
  if (!normal.has_weight()) normal.set_weight(1);
  if (normal.hash_key().empty()) normal.set_hash_key(node.id());
  normal.clear_ordinal();
  return normal;
}

absl::Status ValidateKey(absl::string_view field, absl::string_view key) {
  return ValidateLength(field, key.size(), limits::kMaxKeyBytes);
}

absl::Status ValidateReplicas(uint32_t replicas) {
  if (replicas <= limits::kMaxReplicas) return absl::OkStatus();
  return FieldRefusal("replica_count",
                      absl::StrCat(replicas, " is above the maximum of ",
                                   limits::kMaxReplicas));
}

absl::Status ValidateRequestId(absl::string_view request_id) {
  if (absl::Status status = ValidateLength("request_id", request_id.size(),
                                           limits::kMaxRequestIdBytes);
      !status.ok()) {
    return status;
  }
  if (!std::all_of(request_id.begin(), request_id.end(), [](char c) {
        return absl::ascii_isprint(static_cast<unsigned char>(c));
      })) {
    return FieldRefusal(
        "request_id",
        absl::StrCat(Quoted(request_id),
                     " contains a byte that is not printable ASCII; remove "
                     "it"));
  }
  return absl::OkStatus();
}

absl::Status ValidateReason(absl::string_view reason) {
  return ValidateText("reason", reason, limits::kMaxReasonBytes);
}

absl::Status ValidateStatedActor(absl::string_view actor) {
  return ValidateText(kStatedActorMetadata, actor,
                      limits::kMaxStatedActorBytes);
}

absl::StatusOr<uint32_t> PageSize(uint32_t page_size) {
  return InBounds("page_size", page_size, limits::kDefaultPageSize, 1,
                  limits::kMaxPageSize);
}

}  // namespace clockwise
