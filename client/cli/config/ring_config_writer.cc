// Writes what ring_config.cc reads. A file is first a tree of values, so that
// YAML and JSON have the same content.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/config/ring_config.h"
#include "client/cli/config/yaml_text.h"
#include "service/ring/layout.h"

namespace clockwise::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kLineWidth = 80;

struct ConfigField;

struct ConfigValue {
  enum class Kind {
    kLiteral,    // a number or a boolean
    kPositions,  // numbers and ranges, as text: JSON's numbers are not exact
    kText,
    kMap,
    kList,
  };
  Kind kind = Kind::kMap;
  std::string scalar;
  std::vector<std::string> positions;
  std::vector<ConfigField> fields;
  std::vector<ConfigValue> list;
};

struct ConfigField {
  std::string name;
  ConfigValue value;
};

ConfigValue ScalarValue(ConfigValue::Kind kind, std::string scalar) {
  ConfigValue value;
  value.kind = kind;
  value.scalar = std::move(scalar);
  return value;
}

// Numbers in their order, runs of at least three as FIRST-LAST. Tokens of
// CASSANDRA are signed, and no run has a negative end.
std::vector<std::string> PositionTexts(const std::vector<uint64_t>& positions) {
  std::vector<std::string> texts;
  for (size_t i = 0; i < positions.size();) {
    const auto first = static_cast<int64_t>(positions[i]);
    size_t end = i + 1;
    while (first >= 0 && end < positions.size() &&
           static_cast<int64_t>(positions[end]) > 0 &&
           positions[end] == positions[end - 1] + 1) {
      ++end;
    }
    if (end - i < 3) {
      texts.push_back(absl::StrCat(first));
      ++i;
      continue;
    }
    texts.push_back(absl::StrCat(first, "-", positions[end - 1]));
    i = end;
  }
  return texts;
}

ConfigValue ScalarOf(const Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT32:
      return ScalarValue(ConfigValue::Kind::kLiteral,
                         absl::StrCat(reflection.GetUInt32(message, &field)));
    case FieldDescriptor::CPPTYPE_BOOL:
      return ScalarValue(
          ConfigValue::Kind::kLiteral,
          reflection.GetBool(message, &field) ? "true" : "false");
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto layout =
          static_cast<v1::Layout>(reflection.GetEnumValue(message, &field));
      const LayoutRule* rule = FindLayout(layout);
      return ScalarValue(ConfigValue::Kind::kText,
                         rule != nullptr ? rule->name() : Layout_Name(layout));
    }
    default:
      return ScalarValue(ConfigValue::Kind::kText,
                         reflection.GetString(message, &field));
  }
}

// The fields of `message` that are set, but for `omitted`.
ConfigValue FieldsOf(const Message& message,
                     const std::vector<absl::string_view>& omitted);

ConfigValue FieldValue(const Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  ConfigValue value;
  if (field.is_map()) {
    std::map<std::string, ConfigValue> sorted;
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
      const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
      const auto& entries = *field.message_type();
      sorted.emplace(entry.GetReflection()->GetString(entry, entries.map_key()),
                     ScalarOf(entry, *entries.map_value()));
    }
    for (const auto& [name, of_name] : sorted) {
      value.fields.push_back({name, of_name});
    }
    return value;
  }
  if (field.is_repeated()) {
    value.kind = ConfigValue::Kind::kPositions;
    std::vector<uint64_t> positions;
    positions.reserve(
        static_cast<size_t>(reflection.FieldSize(message, &field)));
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
      positions.push_back(reflection.GetRepeatedUInt64(message, &field, i));
    }
    value.positions = PositionTexts(positions);
    return value;
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return FieldsOf(reflection.GetMessage(message, &field), {});
  }
  return ScalarOf(message, field);
}

ConfigValue FieldsOf(const Message& message,
                     const std::vector<absl::string_view>& omitted) {
  std::vector<const FieldDescriptor*> set;
  message.GetReflection()->ListFields(message, &set);
  ConfigValue value;
  for (const FieldDescriptor* field : set) {
    if (std::find(omitted.begin(), omitted.end(), field->name()) !=
        omitted.end()) {
      continue;
    }
    ConfigValue of_field = FieldValue(message, *field);
    const bool is_empty =
        of_field.kind == ConfigValue::Kind::kMap && of_field.fields.empty();
    if (!is_empty) value.fields.push_back({field->name(), of_field});
  }
  return value;
}

ConfigValue NodeValue(const v1::Node& node) {
  std::vector<absl::string_view> omitted = {"ordinal"};
  if (node.weight() == 1) omitted.push_back("weight");
  if (node.hash_key() == node.id()) omitted.push_back("hash_key");
  return FieldsOf(node, omitted);
}

ConfigValue RingValue(const v1::Snapshot& ring) {
  std::vector<const v1::Node*> nodes;
  for (const v1::Node& node : ring.nodes()) nodes.push_back(&node);
  const LayoutRule* rule = FindLayout(ring.spec().layout());
  if (rule != nullptr && rule->uses_ordinals(ring.spec().settings())) {
    std::stable_sort(nodes.begin(), nodes.end(),
                     [](const v1::Node* a, const v1::Node* b) {
                       return a->ordinal() < b->ordinal();
                     });
  }
  ConfigValue list;
  list.kind = ConfigValue::Kind::kList;
  for (const v1::Node* node : nodes) list.list.push_back(NodeValue(*node));
  ConfigValue value;
  value.fields = {
      {"ring", ScalarValue(ConfigValue::Kind::kText, ring.spec().name())},
      {"spec", FieldsOf(ring.spec(), {"name", "migrating_from"})},
      {"nodes", std::move(list)}};
  return value;
}

// `{rack: a}`, `[0-99, 200]` or a scalar.
std::string YamlOnOneLine(const ConfigValue& value) {
  switch (value.kind) {
    case ConfigValue::Kind::kLiteral:
      return value.scalar;
    case ConfigValue::Kind::kText:
      return YamlText(value.scalar);
    case ConfigValue::Kind::kPositions:
      return absl::StrCat("[", absl::StrJoin(value.positions, ", "), "]");
    case ConfigValue::Kind::kMap: {
      std::vector<std::string> texts;
      for (const auto& [name, field] : value.fields) {
        texts.push_back(
            absl::StrCat(YamlText(name), ": ", YamlOnOneLine(field)));
      }
      return absl::StrCat("{", absl::StrJoin(texts, ", "), "}");
    }
    case ConfigValue::Kind::kList:
      break;  // of nodes, which is never on one line
  }
  return "[]";
}

// `[...]` that begins at `column` and goes on in lines indented by `indent`.
std::string YamlPositions(const std::vector<std::string>& positions,
                          size_t column, const std::string& indent) {
  std::string text = "[";
  ++column;
  for (size_t i = 0; i < positions.size(); ++i) {
    const std::string item =
        absl::StrCat(positions[i], i + 1 < positions.size() ? "," : "]");
    if (i > 0 && column + 1 + item.size() > kLineWidth) {
      absl::StrAppend(&text, "\n", indent);
      column = indent.size();
    } else if (i > 0) {
      text += ' ';
      ++column;
    }
    text += item;
    column += item.size();
  }
  return positions.empty() ? "[]" : text;
}

void AppendYaml(const ConfigValue& map, const std::string& indent,
                std::string& text) {
  const std::string deeper = absl::StrCat(indent, "  ");
  bool is_first = true;
  for (const auto& [name, value] : map.fields) {
    // The first field of a node stands behind the "- " that begins it.
    const bool follows_dash = is_first && absl::EndsWith(text, "- ");
    is_first = false;
    const std::string key =
        absl::StrCat(follows_dash ? "" : indent, YamlText(name), ":");
    text += key;
    if (value.kind == ConfigValue::Kind::kPositions) {
      absl::StrAppend(&text, " ",
                      YamlPositions(value.positions,
                                    indent.size() + name.size() + 2, deeper),
                      "\n");
    } else if (value.kind == ConfigValue::Kind::kMap && !value.fields.empty()) {
      text += '\n';
      AppendYaml(value, deeper, text);
    } else if (value.kind == ConfigValue::Kind::kList && !value.list.empty()) {
      text += '\n';
      for (const ConfigValue& one : value.list) {
        absl::StrAppend(&text, deeper, "- ");
        AppendYaml(one, absl::StrCat(deeper, "  "), text);
      }
    } else {
      absl::StrAppend(&text, " ", YamlOnOneLine(value), "\n");
    }
  }
}

std::string JsonOf(const ConfigValue& value, const std::string& indent) {
  const std::string deeper = absl::StrCat(indent, "  ");
  std::vector<std::string> parts;
  switch (value.kind) {
    case ConfigValue::Kind::kLiteral:
      return value.scalar;
    case ConfigValue::Kind::kText:
      return QuotedText(value.scalar);
    case ConfigValue::Kind::kPositions:
      for (const std::string& position : value.positions) {
        parts.push_back(QuotedText(position));
      }
      return absl::StrCat("[", absl::StrJoin(parts, ", "), "]");
    case ConfigValue::Kind::kMap:
      for (const auto& [name, field] : value.fields) {
        parts.push_back(
            absl::StrCat(QuotedText(name), ": ", JsonOf(field, deeper)));
      }
      break;
    case ConfigValue::Kind::kList:
      for (const ConfigValue& one : value.list) {
        parts.push_back(JsonOf(one, deeper));
      }
  }
  const bool list = value.kind == ConfigValue::Kind::kList;
  if (parts.empty()) return list ? "[]" : "{}";
  return absl::StrCat(list ? "[" : "{", "\n", deeper,
                      absl::StrJoin(parts, absl::StrCat(",\n", deeper)), "\n",
                      indent, list ? "]" : "}");
}

}  // namespace

std::string YamlRingConfig(const v1::Snapshot& ring) {
  std::string text =
      "# The desired state of a ring: `clockwise apply -f FILE` applies it.\n";
  AppendYaml(RingValue(ring), "", text);
  return text;
}

std::string JsonRingConfig(const v1::Snapshot& ring) {
  return absl::StrCat(JsonOf(RingValue(ring), ""), "\n");
}

std::string FieldText(const v1::Node& node, absl::string_view field) {
  const FieldDescriptor* of =
      v1::Node::descriptor()->FindFieldByName(std::string(field));
  return YamlOnOneLine(FieldValue(node, *of));
}

std::vector<std::string> NodeFields() {
  std::vector<std::string> names;
  const auto* descriptor = v1::Node::descriptor();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const std::string& name = descriptor->field(i)->name();
    if (name != "id" && name != "ordinal") names.push_back(name);
  }
  return names;
}

}  // namespace clockwise::cli
