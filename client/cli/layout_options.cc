#include "client/cli/layout_options.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>

#include <set>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/failure.h"
#include "client/cli/option_checks.h"
#include "client/cli/text.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/ring/layout.h"
#include "service/server/suggestions.h"

namespace clockwise::cli {
namespace {

using google::protobuf::FieldDescriptor;

v1::Layout LayoutOf(const v1::RingSpec& spec) {
  return spec.layout() == v1::LAYOUT_UNSPECIFIED ? v1::LAYOUT_HASHED
                                                 : spec.layout();
}

// Returns the names of the settings of `layout` that --set sets.
std::vector<std::string> NamesOfSettings(v1::Layout layout) {
  const profile::Takes& takes = FindLayout(layout)->traits->takes;
  const std::pair<bool, const char*> names[] = {
      {!takes.key_hashes.empty(), "key_hash"},
      {takes.hash_tag, "hash_tag"},
      {takes.avalanche, "avalanche"},
      {takes.sort_hosts, "sort_hosts"},
      {takes.ring_size, "min_ring_size"},
      {takes.ring_size, "max_ring_size"},
      {takes.point_hash, "point_hash"},
      {takes.table_size, "table_size"},
      {takes.points_per_hash, "points_per_hash"},
      {takes.data_centres, "data_centre_replicas.DC"},
      {takes.localities, "locality_weights.ZONE"}};
  std::vector<std::string> taken;
  for (const auto& [has, name] : names) {
    if (has) taken.emplace_back(name);
  }
  return taken;
}

// Returns a JSON message with this one field.
std::string JsonOf(const FieldDescriptor& field, const std::string& key,
                   const std::string& value) {
  const FieldDescriptor* of =
      field.is_map() ? field.message_type()->map_value() : &field;
  const bool quoted = of->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
  const std::string one = quoted ? JsonString(value) : value;
  if (!field.is_map()) {
    return absl::StrCat("{\"", field.name(), "\":", one, "}");
  }
  return absl::StrCat("{\"", field.name(), "\":{", JsonString(key), ":", one,
                      "}}");
}

// Returns what a value of this field must be. Any UTF-8 text is valid for a
// field of type string.
absl::string_view Expected(const FieldDescriptor& field) {
  const FieldDescriptor* of =
      field.is_map() ? field.message_type()->map_value() : &field;
  return of->cpp_type() == FieldDescriptor::CPPTYPE_BOOL
             ? "true or false"
             : "a whole number from 0 to 4294967295";
}

// Returns the error that `layout` does not have the setting `name`.
absl::Status NoSetting(const std::string& name, v1::Layout layout) {
  const absl::string_view layout_name = FindLayout(layout)->name();
  const std::vector<std::string> names = NamesOfSettings(layout);
  const auto near = NearestNames(name, names, 1);
  return WithHint(
      BadUsage(absl::StrCat(
          "--set: layout ", layout_name, " has no setting ", Quoted(name), "; ",
          names.empty() ? "it has none"
                        : "it has " + absl::StrJoin(names, ", "))),
      near.empty()
          ? "`clockwise ring layouts` lists the settings of each layout"
          : DidYouMean(near));
}

absl::Status SetOne(const std::string& text, v1::Layout layout,
                    v1::LayoutSettings& settings) {
  const size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const size_t dot = name.find('.');
  const std::string field_name = name.substr(0, dot);
  const FieldDescriptor* field =
      v1::LayoutSettings::descriptor()->FindFieldByName(field_name);
  bool has = false;
  for (const absl::string_view each : NamesOfSettings(layout)) {
    has = has || each.substr(0, each.find('.')) == field_name;
  }
  if (equals != std::string::npos && (field == nullptr || !has)) {
    return NoSetting(field_name, layout);
  }
  if (equals == std::string::npos ||
      field->is_map() != (dot != std::string::npos)) {
    return WithHint(
        BadUsage(absl::StrCat("--set ", Quoted(text),
                              " is not SETTING=VALUE or "
                              "SETTING.NAME=VALUE")),
        "`clockwise ring layouts` lists the settings of each layout");
  }
  if (!IsUtf8(text)) {
    return BadUsage(absl::StrCat("--set ", Quoted(text), " is not UTF-8"));
  }
  const std::string value = text.substr(equals + 1);
  v1::LayoutSettings one;
  const std::string json = JsonOf(
      *field, dot == std::string::npos ? "" : name.substr(dot + 1), value);
  if (!google::protobuf::util::JsonStringToMessage(json, &one).ok()) {
    return BadUsage(absl::StrCat("--set ", Quoted(text), ": the value must be ",
                                 Expected(*field)));
  }
  settings.MergeFrom(one);
  return absl::OkStatus();
}

absl::Status NoPoints(absl::string_view text) {
  return BadUsage(absl::StrCat("--points ", Quoted(text),
                               " is not a whole number or a range of at most ",
                               limits::kMaxNodePoints,
                               " numbers; write N or N-N"));
}

}  // namespace

void AddPartitionBitsOption(CLI::App* command, uint32_t& bits) {
  command
      ->add_option("--partition-bits", bits,
                   "partitioned: the ring has 2^N partitions, N from 4 to 20 "
                   "(default: 16)")
      ->type_name("N")
      ->check(
          WholeNumber(limits::kMinPartitionBits, limits::kMaxPartitionBits));
}

void AddSetOption(CLI::App* command, std::vector<std::string>& settings) {
  command
      ->add_option("--set", settings, "Setting of the layout; can be repeated")
      ->type_name("NAME=VALUE")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
}

absl::Status SetSettings(const std::vector<std::string>& texts,
                         v1::RingSpec& spec) {
  std::set<absl::string_view> names;
  for (const std::string& text : texts) {
    const absl::string_view name =
        absl::string_view(text).substr(0, text.find('='));
    if (!names.insert(name).second) {
      return BadUsage(absl::StrCat("--set ", Quoted(text), " repeats ",
                                   Quoted(name), "; state it once"));
    }
    absl::Status status =
        SetOne(text, LayoutOf(spec), *spec.mutable_settings());
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status CheckLayoutFields(const v1::RingSpec& spec,
                               absl::string_view virtual_nodes,
                               absl::string_view partition_bits) {
  const LayoutRule* rule = FindLayout(LayoutOf(spec));
  if (rule == nullptr) return absl::OkStatus();  // the server rejects it
  absl::string_view name;
  if (spec.virtual_node_count() != 0 && !rule->traits->takes.vnodes) {
    name = virtual_nodes;
  } else if (spec.partition_bits() != 0 &&
             rule->layout != v1::LAYOUT_PARTITIONED) {
    name = partition_bits;
  } else {
    return absl::OkStatus();
  }
  const std::string names = SettingNames(rule->layout);
  return FieldRefusal(
      name,
      absl::StrCat("layout ", rule->name(), " has no such setting",
                   names.empty() ? "" : absl::StrCat("; it has ", names)));
}

absl::Status CheckLayoutOptions(const v1::RingSpec& spec) {
  const absl::Status status =
      CheckLayoutFields(spec, "--virtual-nodes", "--partition-bits");
  return status.ok() ? status : BadUsage(status.message());
}

absl::Status SetPoints(absl::string_view text, v1::Node& node) {
  if (text.empty()) return absl::OkStatus();
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    int64_t number = 0;
    if (absl::SimpleAtoi(part, &number)) {
      node.add_points(static_cast<uint64_t>(number));
      continue;
    }
    const std::pair<absl::string_view, absl::string_view> ends =
        absl::StrSplit(part, absl::MaxSplits('-', 1));
    uint64_t first = 0;
    uint64_t last = 0;
    if (!absl::SimpleAtoi(ends.first, &first) ||
        !absl::SimpleAtoi(ends.second, &last) || last < first ||
        last - first >= limits::kMaxNodePoints) {
      return NoPoints(part);
    }
    for (uint64_t point = first; point <= last; ++point) {
      node.add_points(point);
    }
  }
  return absl::OkStatus();
}

std::string SettingNames(v1::Layout layout) {
  const profile::Takes& takes = FindLayout(layout)->traits->takes;
  std::vector<std::string> names;
  if (takes.vnodes) names.emplace_back("virtual_nodes");
  if (layout == v1::LAYOUT_PARTITIONED) names.emplace_back("partition_bits");
  for (std::string& name : NamesOfSettings(layout)) {
    names.push_back(std::move(name));
  }
  return absl::StrJoin(names, ", ");
}

}  // namespace clockwise::cli
