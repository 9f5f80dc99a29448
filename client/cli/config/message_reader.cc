#include "client/cli/config/message_reader.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/config/yaml_text.h"
#include "client/cli/layout_options.h"
#include "client/cli/text.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/ring/layout.h"

namespace clockwise::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Check the tag of a scalar: yaml-cpp reports "!" for quotes.
bool IsQuoted(const YAML::Node& yaml) {
  return yaml.Tag() == "!" || yaml.Tag() == "tag:yaml.org,2002:str";
}
bool IsPlain(const YAML::Node& yaml) {
  return yaml.Tag() == "?" || yaml.Tag().empty();
}

// Returns a description of `yaml` for an error.
std::string Described(const YAML::Node& yaml) {
  if (yaml.IsMap()) return "a map";
  if (yaml.IsSequence()) return "a list";
  if (!yaml.IsScalar()) return "null";
  return Quoted(yaml.Scalar());
}

}  // namespace

int LineOf(const YAML::Node& yaml) { return yaml.Mark().line + 1; }

absl::Status MessageReader::Fault(const YAML::Node& at, absl::string_view field,
                                  absl::string_view what) const {
  return ConfigFault(source_, LineOf(at), field, what);
}

absl::StatusOr<std::string> MessageReader::ReadText(
    const YAML::Node& yaml, absl::string_view field) const {
  if (!yaml.IsScalar() || (!IsQuoted(yaml) && !IsPlain(yaml))) {
    return Fault(yaml, field,
                 absl::StrCat(Described(yaml),
                              " is not text; write text, or \"\" for none"));
  }
  const std::string& text = yaml.Scalar();
  if (IsPlain(yaml) && !IsPlainText(text)) {
    return Fault(yaml, field,
                 absl::StrCat(Quoted(text),
                              " is a number, a boolean or a date in YAML, and "
                              "text is required; write it in double quotes"));
  }
  if (!IsUtf8(text)) {
    return Fault(yaml, field,
                 absl::StrCat(Quoted(text), " is not UTF-8; correct it"));
  }
  return text;
}

absl::StatusOr<bool> MessageReader::ReadBool(const YAML::Node& yaml,
                                             absl::string_view field) const {
  if (yaml.IsScalar() && IsPlain(yaml)) {
    if (yaml.Scalar() == "true") return true;
    if (yaml.Scalar() == "false") return false;
  }
  return Fault(yaml, field,
               absl::StrCat(Described(yaml),
                            " is not a boolean; write true or false, without "
                            "quotes"));
}

absl::StatusOr<uint32_t> MessageReader::ReadNumber(
    const YAML::Node& yaml, absl::string_view field) const {
  uint32_t number = 0;
  // Digits alone: SimpleAtoi would accept spaces and a sign, and YAML 1.1 reads
  // 010 as eight.
  if (yaml.IsScalar() && IsPlain(yaml) &&
      absl::SimpleAtoi(yaml.Scalar(), &number) &&
      absl::StrCat(number) == yaml.Scalar()) {
    return number;
  }
  return Fault(yaml, field,
               absl::StrCat(Described(yaml),
                            " is not a whole number from 0 to 4294967295; "
                            "write digits, without quotes"));
}

absl::Status MessageReader::ForEach(
    const YAML::Node& yaml, absl::string_view what,
    absl::FunctionRef<absl::Status(const std::string& key,
                                   const YAML::Node& key_node,
                                   const YAML::Node& value)>
        entry) const {
  if (!yaml.IsMap()) {
    return Fault(yaml, what,
                 absl::StrCat(Described(yaml),
                              " is not a map; write lines as `name: value`"));
  }
  std::map<std::string, int> lines;
  for (const auto& pair : yaml) {
    auto key = ReadText(pair.first, what);
    if (!key.ok()) return key.status();
    const auto [at, is_new] = lines.try_emplace(*key, LineOf(pair.first));
    if (!is_new) {
      return Fault(
          pair.first, *key,
          absl::StrCat("repeats line ", at->second, "; remove one of them"));
    }
    if (pair.second.IsNull()) {
      return Fault(pair.first, *key,
                   "has no value; write a value, \"\" for empty text or [] for "
                   "an empty list");
    }
    absl::Status status = entry(*key, pair.first, pair.second);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status MessageReader::Read(const YAML::Node& yaml, absl::string_view what,
                                 const ForbiddenFields& forbidden,
                                 Message& message, ConfigLines& lines) const {
  lines.message = LineOf(yaml);
  return ReadFields(yaml, what, forbidden, "", message, lines);
}

absl::Status MessageReader::ReadFields(const YAML::Node& yaml,
                                       absl::string_view what,
                                       const ForbiddenFields& forbidden,
                                       const std::string& prefix,
                                       Message& message,
                                       ConfigLines& lines) const {
  const auto* descriptor = message.GetDescriptor();
  return ForEach(yaml, what,
                 [&](const std::string& key, const YAML::Node& at,
                     const YAML::Node& value) {
                   const std::string name = absl::StrCat(prefix, key);
                   const auto found = forbidden.find(name);
                   if (found != forbidden.end())
                     return Fault(at, name, found->second);
                   const FieldDescriptor* field =
                       descriptor->FindFieldByName(key);
                   if (field == nullptr) {
                     std::vector<std::string> names;
                     for (int i = 0; i < descriptor->field_count(); ++i) {
                       const std::string& known = descriptor->field(i)->name();
                       if (!forbidden.contains(absl::StrCat(prefix, known))) {
                         names.push_back(known);
                       }
                     }
                     return Fault(at, name,
                                  absl::StrCat("is unknown; use one of ",
                                               absl::StrJoin(names, ", ")));
                   }
                   lines.fields[name] = LineOf(at);
                   return ReadField(value, *field, name, message, lines);
                 });
}

absl::Status MessageReader::ReadField(const YAML::Node& yaml,
                                      const Field& field,
                                      const std::string& name, Message& message,
                                      ConfigLines& lines) const {
  if (field.is_map()) return ReadMap(yaml, field, name, message);
  if (field.is_repeated()) return ReadPositions(yaml, field, name, message);
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return ReadFields(
        yaml, name, {}, absl::StrCat(name, "."),
        *message.GetReflection()->MutableMessage(&message, &field), lines);
  }
  return ReadOne(yaml, field, name, message);
}

absl::Status MessageReader::ReadOne(const YAML::Node& yaml, const Field& field,
                                    const std::string& name,
                                    Message& message) const {
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      auto text = ReadText(yaml, name);
      if (!text.ok()) return text.status();
      reflection.SetString(&message, &field, *std::move(text));
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_UINT32: {
      const auto number = ReadNumber(yaml, name);
      if (!number.ok()) return number.status();
      reflection.SetUInt32(&message, &field, *number);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      const auto value = ReadBool(yaml, name);
      if (!value.ok()) return value.status();
      reflection.SetBool(&message, &field, *value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_ENUM: {  // Layout is the only one
      const auto text = ReadText(yaml, name);
      if (!text.ok()) return text.status();
      absl::string_view layout_name = *text;
      if (absl::StartsWith(layout_name, "LAYOUT_")) {
        layout_name.remove_prefix(7);
      }
      const auto layout = ParseLayout(layout_name);
      if (!layout.ok()) return Fault(yaml, name, layout.status().message());
      reflection.SetEnumValue(&message, &field, *layout);
      return absl::OkStatus();
    }
    default:
      return Fault(yaml, name, "cannot be set in a file; remove it");
  }
}

// Entries of a map are messages with the fields `key` and `value`.
absl::Status MessageReader::ReadMap(const YAML::Node& yaml, const Field& field,
                                    const std::string& name,
                                    Message& message) const {
  const auto& entries = *field.message_type();
  return ForEach(
      yaml, name,
      [&](const std::string& key, const YAML::Node&, const YAML::Node& value) {
        Message& entry = *message.GetReflection()->AddMessage(&message, &field);
        entry.GetReflection()->SetString(&entry, entries.map_key(), key);
        return ReadOne(value, *entries.map_value(),
                       absl::StrCat(name, ".", key), entry);
      });
}

absl::Status MessageReader::ReadPositions(const YAML::Node& yaml,
                                          const Field& field,
                                          const std::string& name,
                                          Message& message) const {
  if (!yaml.IsSequence()) {
    return Fault(
        yaml, name,
        absl::StrCat(Described(yaml), " is not a list; write [N, N-N, ...]"));
  }
  v1::Node positions;
  for (const YAML::Node& one : yaml) {
    // Also in quotes: JSON has no ranges, and its numbers are not exact beyond
    // 2^53.
    if (!one.IsScalar() || one.Scalar().empty() ||
        absl::StrContains(one.Scalar(), ',') ||
        !SetPoints(one.Scalar(), positions).ok()) {
      return Fault(
          one, name,
          absl::StrCat(Described(one),
                       " is not a whole number or a range of at most ",
                       limits::kMaxNodePoints, " numbers; write N or N-N"));
    }
    if (static_cast<size_t>(positions.points_size()) > limits::kMaxNodePoints) {
      return Fault(one, name,
                   absl::StrCat("has more than ", limits::kMaxNodePoints,
                                " numbers; remove some"));
    }
  }
  for (const uint64_t position : positions.points()) {
    message.GetReflection()->AddUInt64(&message, &field, position);
  }
  return absl::OkStatus();
}

}  // namespace clockwise::cli
