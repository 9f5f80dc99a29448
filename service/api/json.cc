#include "service/api/json.h"

#include <charconv>
#include <cmath>
#include <map>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "clockwise/v1/placement.pb.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/field_mask_util.h"
#include "google/protobuf/util/time_util.h"
#include "service/api/utf8.h"

namespace clockwise {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

void AppendDouble(double value, std::string& json) {
  if (!std::isfinite(value)) {
    absl::StrAppend(&json, std::isnan(value) ? "\"NaN\""
                           : value < 0       ? "\"-Infinity\""
                                             : "\"Infinity\"");
    return;
  }
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value);
  json.append(digits, end.ptr);
}

// Appends `text` as a JSON string. Escapes < and > too, so that the result is
// safe inside HTML.
void AppendText(absl::string_view text, std::string& json) {
  json += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (static_cast<uint8_t>(c) < 0x20 || c == 0x7F || c == '<' ||
               c == '>') {
      absl::StrAppendFormat(&json, "\\u%04x", static_cast<uint8_t>(c));
    } else {
      json += c;
    }
  }
  json += '"';
}

// Layouts have the names that the command takes, such as "hashed".
void AppendEnum(const FieldDescriptor& field, int number, std::string& json) {
  const auto* value = field.enum_type()->FindValueByNumber(number);
  if (value == nullptr) {
    absl::StrAppend(&json, number);
  } else if (field.enum_type() == v1::Layout_descriptor()) {
    AppendText(
        absl::AsciiStrToLower(absl::StripPrefix(value->name(), "LAYOUT_")),
        json);
  } else {
    AppendText(value->name(), json);
  }
}

// True for the fields of Comparison that include_moves requests.
bool IsOnRequest(const FieldDescriptor& field) {
  if (field.containing_type() != v1::Comparison::descriptor()) return false;
  switch (field.number()) {
    case v1::Comparison::kMovesFieldNumber:
    case v1::Comparison::kMovesTruncatedFieldNumber:
    case v1::Comparison::kTransfersFieldNumber:
    case v1::Comparison::kTransfersTruncatedFieldNumber:
    case v1::Comparison::kShareChangesFieldNumber:
      return true;
    default:
      return false;
  }
}

// Writes messages. Stops at the first error.
class JsonWriter {
 public:
  JsonWriter(JsonLists lists, std::string& json) : lists_(lists), json_(json) {}

  absl::Status Write(const Message& message) {
    const auto* type = message.GetDescriptor();
    if (type == google::protobuf::Timestamp::descriptor()) {
      AppendText(google::protobuf::util::TimeUtil::ToString(
                     static_cast<const google::protobuf::Timestamp&>(message)),
                 json_);
      return absl::OkStatus();
    }
    if (type == google::protobuf::FieldMask::descriptor()) {
      return WriteMask(
          static_cast<const google::protobuf::FieldMask&>(message));
    }
    json_ += '{';
    const size_t start = json_.size();
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor& field = *type->field(i);
      if (field.has_presence() &&
          !message.GetReflection()->HasField(message, &field)) {
        continue;
      }
      if (lists_ == JsonLists::kOmitMoves && IsOnRequest(field)) continue;
      if (json_.size() > start) json_ += ',';
      absl::StrAppend(&json_, "\"", field.json_name(), "\":");
      absl::Status status = WriteField(message, field);
      if (!status.ok()) return status;
    }
    json_ += '}';
    return absl::OkStatus();
  }

 private:
  absl::Status WriteMask(const google::protobuf::FieldMask& mask) {
    std::string text;
    if (!google::protobuf::util::FieldMaskUtil::ToJsonString(mask, &text)) {
      return absl::InternalError("a field mask has no form in JSON");
    }
    AppendText(text, json_);
    return absl::OkStatus();
  }

  absl::Status WriteField(const Message& message,
                          const FieldDescriptor& field) {
    if (field.is_map()) return WriteMap(message, field);
    if (!field.is_repeated()) return WriteValue(message, field, -1);
    json_ += '[';
    const int size = message.GetReflection()->FieldSize(message, &field);
    for (int i = 0; i < size; ++i) {
      if (i > 0) json_ += ',';
      absl::Status status = WriteValue(message, field, i);
      if (!status.ok()) return status;
    }
    json_ += ']';
    return absl::OkStatus();
  }

  // Sorts the entries by key, because their order in a map is not defined.
  absl::Status WriteMap(const Message& message, const FieldDescriptor& field) {
    const auto* reflection = message.GetReflection();
    const FieldDescriptor& key = *field.message_type()->map_key();
    const FieldDescriptor& value = *field.message_type()->map_value();
    std::map<std::string, const Message*> entries;
    for (int i = 0; i < reflection->FieldSize(message, &field); ++i) {
      const Message& entry = reflection->GetRepeatedMessage(message, &field, i);
      entries[entry.GetReflection()->GetString(entry, &key)] = &entry;
    }
    json_ += '{';
    for (const auto& [name, entry] : entries) {
      if (json_.back() != '{') json_ += ',';
      absl::Status status = WriteText(name);
      if (!status.ok()) return status;
      json_ += ':';
      status = WriteValue(*entry, value, -1);
      if (!status.ok()) return status;
    }
    json_ += '}';
    return absl::OkStatus();
  }

  absl::Status WriteText(absl::string_view text) {
    if (!IsUtf8(text)) return absl::InternalError("a string is not UTF-8");
    AppendText(text, json_);
    return absl::OkStatus();
  }

  void WriteNumber64(const FieldDescriptor& field, uint64_t value) {
    absl::StrAppend(&json_, "\"",
                    field.name() == "fingerprint"
                        ? absl::StrCat(absl::Hex(value, absl::kZeroPad16))
                        : absl::StrCat(value),
                    "\"");
  }

  // Writes the element at `index` of a list, or a singular field (-1).
  absl::Status WriteValue(const Message& message, const FieldDescriptor& field,
                          int index) {
    const auto& get = *message.GetReflection();
    const bool one = index < 0;
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        absl::StrAppend(&json_,
                        one ? get.GetInt32(message, &field)
                            : get.GetRepeatedInt32(message, &field, index));
        break;
      case FieldDescriptor::CPPTYPE_UINT32:
        absl::StrAppend(&json_,
                        one ? get.GetUInt32(message, &field)
                            : get.GetRepeatedUInt32(message, &field, index));
        break;
      case FieldDescriptor::CPPTYPE_UINT64:
        WriteNumber64(field,
                      one ? get.GetUInt64(message, &field)
                          : get.GetRepeatedUInt64(message, &field, index));
        break;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        AppendDouble(one ? get.GetDouble(message, &field)
                         : get.GetRepeatedDouble(message, &field, index),
                     json_);
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        json_ += (one ? get.GetBool(message, &field)
                      : get.GetRepeatedBool(message, &field, index))
                     ? "true"
                     : "false";
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        AppendEnum(field,
                   one ? get.GetEnumValue(message, &field)
                       : get.GetRepeatedEnumValue(message, &field, index),
                   json_);
        break;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Write(one ? get.GetMessage(message, &field)
                         : get.GetRepeatedMessage(message, &field, index));
      case FieldDescriptor::CPPTYPE_STRING: {
        const std::string text =
            one ? get.GetString(message, &field)
                : get.GetRepeatedString(message, &field, index);
        if (field.type() != FieldDescriptor::TYPE_BYTES) return WriteText(text);
        AppendText(absl::Base64Escape(text), json_);
        break;
      }
      default:
        return absl::InternalError(
            absl::StrCat("no form in JSON for field ", field.full_name()));
    }
    return absl::OkStatus();
  }

  const JsonLists lists_;
  std::string& json_;
};

}  // namespace

// Protobuf's own conversion builds a tree of all values first, about 300 bytes
// for each. A ring with all points would need a gigabyte.
absl::StatusOr<std::string> ToJson(const Message& message, JsonLists lists) {
  std::string json;
  absl::Status status = JsonWriter(lists, json).Write(message);
  if (!status.ok()) return status;
  return json;
}

}  // namespace clockwise
