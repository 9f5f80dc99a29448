#include "service/api/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"

namespace clockwise {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Lists longer than this are converted element by element.
constexpr int kLongList = 256;

// A list that is converted separately from its message.
struct LongList {
  const Message* message;
  const FieldDescriptor* field;
  size_t place = 0;  // in the JSON of the other fields: its "]"
};

absl::Status Convert(const Message& message, std::string* json) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  const auto status =
      google::protobuf::util::MessageToJsonString(message, json, options);
  return status.ok() ? absl::OkStatus()
                     : absl::InternalError(status.ToString());
}

bool IsLongList(const Message& message, const FieldDescriptor* field) {
  if (!field->is_repeated() || field->is_map() ||
      message.GetReflection()->FieldSize(message, field) <= kLongList) {
    return false;
  }
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return true;
    default:
      return false;
  }
}

// Adds the long lists of `message` and of its singular messages to `lists`. If
// `copy`, which is equal to `message`, is not null, clears them there.
void FindLists(const Message& message, Message* copy,
               std::vector<LongList>& lists) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (IsLongList(message, field)) {
      lists.push_back({&message, field});
      if (copy != nullptr) copy->GetReflection()->ClearField(copy, field);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
               !field->is_repeated()) {
      FindLists(message.GetReflection()->GetMessage(message, field),
                copy == nullptr
                    ? nullptr
                    : copy->GetReflection()->MutableMessage(copy, field),
                lists);
    }
  }
}

// Sets the places of the lists, which are empty in `json`. Returns false if the
// name of a list is not unique there. A string cannot look like a name, because
// its quotation marks are escaped.
bool FindPlaces(const std::string& json, std::vector<LongList>& lists) {
  for (LongList& list : lists) {
    const std::string name =
        absl::StrCat("\"", list.field->json_name(), "\":[]");
    const size_t at = json.find(name);
    if (at == std::string::npos ||
        json.find(name, at + name.size()) != std::string::npos) {
      return false;
    }
    list.place = at + name.size() - 1;
  }
  std::sort(
      lists.begin(), lists.end(),
      [](const LongList& a, const LongList& b) { return a.place < b.place; });
  return true;
}

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

absl::Status AppendElement(const LongList& list, int index, std::string& json) {
  const Message& message = *list.message;
  const auto* reflection = message.GetReflection();
  switch (list.field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT32:
      absl::StrAppend(
          &json, reflection->GetRepeatedUInt32(message, list.field, index));
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_UINT64:  // as text, by the JSON mapping
      absl::StrAppend(&json, "\"",
                      reflection->GetRepeatedUInt64(message, list.field, index),
                      "\"");
      return absl::OkStatus();
    case FieldDescriptor::CPPTYPE_DOUBLE:
      AppendDouble(reflection->GetRepeatedDouble(message, list.field, index),
                   json);
      return absl::OkStatus();
    default: {
      auto element =
          ToJson(reflection->GetRepeatedMessage(message, list.field, index));
      if (element.ok()) json += *element;
      return element.status();
    }
  }
}

}  // namespace

// Protobuf's conversion with default values builds a tree of all values first,
// about 300 bytes for each. A ring with all points would need a gigabyte.
// Therefore, long lists are converted here.
absl::StatusOr<std::string> ToJson(const Message& message) {
  std::string json;
  std::vector<LongList> lists;
  FindLists(message, nullptr, lists);
  absl::Status status;
  if (!lists.empty()) {
    const std::unique_ptr<Message> copy(message.New());
    copy->CopyFrom(message);
    lists.clear();
    FindLists(message, copy.get(), lists);
    status = Convert(*copy, &json);
  }
  if (status.ok() && (lists.empty() || !FindPlaces(json, lists))) {
    lists.clear();
    json.clear();
    status = Convert(message, &json);
  }
  if (!status.ok()) return status;
  if (lists.empty()) return json;
  std::string all;
  size_t from = 0;
  for (const LongList& list : lists) {
    all.append(json, from, list.place - from);
    from = list.place;
    const int size =
        list.message->GetReflection()->FieldSize(*list.message, list.field);
    for (int i = 0; i < size; ++i) {
      if (i > 0) all += ',';
      status = AppendElement(list, i, all);
      if (!status.ok()) return status;
    }
  }
  all.append(json, from);
  return all;
}

}  // namespace clockwise
