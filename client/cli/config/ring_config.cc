#include "client/cli/config/ring_config.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/config/message_reader.h"
#include "client/cli/failure.h"
#include "client/cli/import/imported.h"
#include "client/cli/layout_options.h"
#include "client/cli/text.h"
#include "service/api/refusal.h"
#include "service/api/validate.h"
#include "service/limits.h"

namespace clockwise::cli {
namespace {

const ForbiddenFields& ForbiddenInSpec() {
  static const auto& fields = *new ForbiddenFields{
      {"name", "is stated by \"ring\" at the top of the file; remove it"},
      {"migrating_from",
       "is set and cleared by `clockwise migrate`; remove it"}};
  return fields;
}

const ForbiddenFields& ForbiddenInNode() {
  static const auto& fields =
      *new ForbiddenFields{{"ordinal", "is assigned by the server; remove it"}};
  return fields;
}

const ForbiddenFields& ForbiddenInUpdate() {
  static const auto& fields = *new ForbiddenFields{
      {"ordinal", "is assigned by the server; remove it"},
      {"hash_key", "cannot change; remove the node and add another"}};
  return fields;
}

// JSON writes a character beyond U+FFFF as two escapes, \ud83d\ude00, which
// YAML does not know. They become the one escape of YAML, \U0001f600.
std::string JoinSurrogates(absl::string_view json) {
  const auto escaped = [&](size_t at, absl::string_view first) {
    uint32_t unit = 0;
    if (json.size() < at + 6 || json[at] != '\\' || json[at + 1] != 'u' ||
        !absl::SimpleHexAtoi(json.substr(at + 2, 4), &unit) ||
        !absl::StrContains(first, absl::ascii_tolower(json[at + 3])) ||
        absl::ascii_tolower(json[at + 2]) != 'd') {
      return uint32_t{0};
    }
    return unit;
  };
  std::string yaml;
  yaml.reserve(json.size());
  for (size_t at = 0; at < json.size(); ++at) {
    if (json[at] != '\\') {
      yaml += json[at];
      continue;
    }
    const uint32_t high = escaped(at, "89ab");
    const uint32_t low = high == 0 ? 0 : escaped(at + 6, "cdef");
    if (low != 0) {
      const uint32_t point = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
      absl::StrAppend(&yaml, "\\U", absl::Hex(point, absl::kZeroPad8));
      at += 11;
      continue;
    }
    absl::StrAppend(&yaml, json.substr(at, 2));  // also "\\" as a whole
    ++at;
  }
  return yaml;
}

// Finds the positions at which documents start. YAML::Load reads the first one
// and ignores the rest; YAML::LoadAll does not end for some text after a
// document (yaml-cpp 0.7).
class DocumentStarts final : public YAML::EventHandler {
 public:
  // Parses the first two documents of `yaml`.
  explicit DocumentStarts(const std::string& yaml) {
    std::istringstream in(yaml);
    YAML::Parser parser(in);
    if (parser.HandleNextDocument(*this)) parser.HandleNextDocument(*this);
  }
  const std::vector<int>& lines() const { return lines_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    lines_.push_back(mark.line + 1);
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  std::vector<int> lines_;
};

}  // namespace

absl::StatusOr<YAML::Node> ParseYaml(absl::string_view text,
                                     const std::string& source) {
  const auto fault = [&](int line, absl::string_view what) {
    return BadUsage(absl::StrCat(source, ":", line, ": ", what));
  };
  if (text.size() > limits::kMaxRingConfigBytes) {
    return BadUsage(absl::StrCat(source, ": the file has more than ",
                                 Grouped(limits::kMaxRingConfigBytes),
                                 " bytes; split it"));
  }
  int line = 0;
  for (absl::string_view rest = text; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    ++line;
    if (!IsUtf8(rest.substr(0, end))) {
      return fault(line, "the line is not UTF-8; correct it");
    }
    rest.remove_prefix(end);
  }
  const bool json =
      absl::StartsWith(absl::StripLeadingAsciiWhitespace(text), "{");
  if (!json) {  // the last brace shows that JSON is whole
    absl::Status status = CheckLastLine(text, source);
    if (!status.ok()) return status;
  }
  try {
    const std::string yaml = json ? JoinSurrogates(text) : std::string(text);
    const DocumentStarts documents(yaml);
    if (documents.lines().size() == 1) return YAML::Load(yaml);
    return documents.lines().empty()
               ? fault(1, "the file is empty; state a ring")
               : fault(
                     documents.lines()[1],
                     "the document has ended; write one document in each file");
  } catch (const YAML::Exception& error) {
    return fault(error.mark.line + 1,
                 absl::StrCat("not YAML or JSON: ", error.msg));
  }
}

namespace {

class ConfigReader {
 public:
  explicit ConfigReader(const std::string& source) : reader_(source) {
    config_.source = source;
  }

  absl::StatusOr<RingConfig> Read(const YAML::Node& root) {
    absl::Status status = reader_.ForEach(
        root, "the file",
        [&](const std::string& key, const YAML::Node& at,
            const YAML::Node& value) { return ReadSection(key, at, value); });
    if (!status.ok()) return status;
    if (nodes_line_ == 0 && changes_line_ == 0) {
      return reader_.Fault(root, "nodes",
                           "is missing; state the nodes of the ring ([] for "
                           "none), or \"changes\"");
    }
    if (nodes_line_ > 0 && changes_line_ > 0) {
      return ConfigFault(config_.source, changes_line_, "changes",
                         absl::StrCat("\"nodes\" is stated in line ",
                                      nodes_line_, "; remove one of them"));
    }
    if (changes_line_ > 0 && config_.has_spec) {
      return ConfigFault(config_.source, config_.spec.lines.message, "spec",
                         "cannot be combined with \"changes\"; remove it");
    }
    config_.kind = changes_line_ > 0 ? RingConfig::Kind::kChanges
                                     : RingConfig::Kind::kState;
    return std::move(config_);
  }

 private:
  absl::Status ReadSection(const std::string& key, const YAML::Node& at,
                           const YAML::Node& value) {
    if (key == "ring") return ReadRingName(value, at);
    if (key == "spec") {
      config_.has_spec = true;
      absl::Status status = reader_.Read(value, "spec", ForbiddenInSpec(),
                                         config_.spec.spec, config_.spec.lines);
      config_.spec.lines.message = LineOf(at);
      if (!status.ok()) return status;
      status = CheckLayoutFields(config_.spec.spec, "spec.virtual_node_count",
                                 "spec.partition_bits");
      return status.ok() ? status
                         : ConfigRefusal(config_.source, config_.spec.lines,
                                         status, "spec.");
    }
    if (key == "nodes") {
      nodes_line_ = LineOf(at);
      return ReadList(value, key, limits::kMaxNodes, "nodes",
                      [&](const YAML::Node& one) { return ReadNode(one); });
    }
    if (key == "changes") {
      changes_line_ = LineOf(at);
      return ReadList(value, key, limits::kMaxChangesPerRequest,
                      "changes in one request",
                      [&](const YAML::Node& one) { return ReadChange(one); });
    }
    return reader_.Fault(at, key,
                         "is unknown; use one of ring, spec, nodes, changes");
  }

  absl::Status ReadRingName(const YAML::Node& value, const YAML::Node& at) {
    auto name = reader_.ReadText(value, "ring");
    if (!name.ok()) return name.status();
    absl::Status status = ValidateId("ring", *name);
    ConfigLines lines;
    lines.message = LineOf(at);
    if (!status.ok()) return ConfigRefusal(config_.source, lines, status);
    config_.ring = *std::move(name);
    config_.ring_line = LineOf(at);
    return absl::OkStatus();
  }

  template <typename ReadOne>
  absl::Status ReadList(const YAML::Node& list, const std::string& field,
                        size_t most, absl::string_view unit, ReadOne read_one) {
    if (!list.IsSequence()) {
      return reader_.Fault(list, field,
                           "is not a list; write [] for an empty one");
    }
    if (list.size() > most) {
      return reader_.Fault(
          list, field,
          absl::StrCat("has ", Grouped(list.size()), " entries, and ",
                       Grouped(most), " ", unit, " is the limit; remove some"));
    }
    for (const YAML::Node& one : list) {
      absl::Status status = read_one(one);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // A node whose id is valid and which no line before names.
  absl::Status ReadNodeFields(const YAML::Node& yaml, absl::string_view what,
                              const ForbiddenFields& forbidden, v1::Node& node,
                              ConfigLines& lines) {
    absl::Status status = reader_.Read(yaml, what, forbidden, node, lines);
    if (!status.ok()) return status;
    status = ValidateId("id", node.id());
    if (!status.ok()) return ConfigRefusal(config_.source, lines, status);
    return CheckFirst(node.id(), lines.Of("id"));
  }

  absl::Status CheckFirst(const std::string& id, int line) {
    const auto [at, is_new] = lines_of_ids_.try_emplace(id, line);
    if (is_new) return absl::OkStatus();
    return ConfigFault(config_.source, line, "id",
                       absl::StrCat(Quoted(id), " repeats line ", at->second,
                                    "; remove one of them"));
  }

  absl::Status ReadNode(const YAML::Node& yaml) {
    ConfigNode& read = config_.nodes.emplace_back();
    absl::Status status =
        ReadNodeFields(yaml, "nodes", ForbiddenInNode(), read.node, read.lines);
    if (!status.ok()) return status;
    auto normal = NormalizeNode(read.node);
    if (!normal.ok()) {
      return ConfigRefusal(config_.source, read.lines, normal.status());
    }
    read.node = *std::move(normal);
    return absl::OkStatus();
  }

  absl::Status ReadChange(const YAML::Node& yaml) {
    ConfigChange& read = config_.changes.emplace_back();
    read.lines.message = LineOf(yaml);
    std::optional<YAML::Node> allow_update;
    absl::Status status =
        reader_.ForEach(yaml, "changes",
                        [&](const std::string& key, const YAML::Node& at,
                            const YAML::Node& value) {
                          if (key != "allow_update")
                            return ReadKind(key, at, value, read);
                          allow_update = value;
                          return absl::OkStatus();
                        });
    if (!status.ok()) return status;
    if (read.change.change_case() == v1::NodeChange::CHANGE_NOT_SET) {
      return reader_.Fault(yaml, "changes",
                           "a change without add, update and remove; state "
                           "one of them");
    }
    if (!allow_update.has_value()) return absl::OkStatus();
    const auto value = reader_.ReadBool(*allow_update, "allow_update");
    if (!value.ok()) return value.status();
    if (!read.change.has_add()) {
      return reader_.Fault(*allow_update, "allow_update",
                           "applies only to \"add\"; remove it");
    }
    read.change.set_allow_update(*value);
    return absl::OkStatus();
  }

  absl::Status ReadKind(const std::string& key, const YAML::Node& at,
                        const YAML::Node& value, ConfigChange& read) {
    if (read.change.change_case() != v1::NodeChange::CHANGE_NOT_SET) {
      return reader_.Fault(at, key,
                           "a change has one of add, update, remove; begin "
                           "another change with \"-\"");
    }
    if (key == "remove") {
      auto id = reader_.ReadText(value, "remove");
      if (!id.ok()) return id.status();
      absl::Status status = ValidateId("remove", *id);
      if (!status.ok()) {
        return ConfigRefusal(config_.source, read.lines, status);
      }
      read.change.set_remove(*id);
      return CheckFirst(*id, LineOf(value));
    }
    if (key == "add") {
      v1::Node& node = *read.change.mutable_add();
      absl::Status status =
          ReadNodeFields(value, "add", ForbiddenInNode(), node, read.lines);
      if (!status.ok()) return status;
      // Not its result: what is not stated must stay unset for allow_update.
      status = NormalizeNode(node).status();
      return status.ok() ? status
                         : ConfigRefusal(config_.source, read.lines, status);
    }
    if (key == "update") return ReadUpdate(value, read);
    return reader_.Fault(at, key,
                         "is unknown; use one of add, update, remove, "
                         "allow_update");
  }

  // Fields that are stated replace those of the node, also with nothing.
  absl::Status ReadUpdate(const YAML::Node& value, ConfigChange& read) {
    v1::NodeUpdate& update = *read.change.mutable_update();
    absl::Status status = ReadNodeFields(value, "update", ForbiddenInUpdate(),
                                         *update.mutable_node(), read.lines);
    if (!status.ok()) return status;
    for (const auto& [field, line] : read.lines.fields) {
      if (field != "id") update.mutable_update_mask()->add_paths(field);
    }
    if (update.update_mask().paths().empty()) {
      return reader_.Fault(value, "update",
                           "states no field except the id; state a field "
                           "to change");
    }
    status = NormalizeNode(update.node()).status();
    return status.ok() ? status
                       : ConfigRefusal(config_.source, read.lines, status);
  }

  RingConfig config_;
  const MessageReader reader_;
  int nodes_line_ = 0;
  int changes_line_ = 0;
  std::map<std::string, int> lines_of_ids_;
};

}  // namespace

int ConfigLines::Of(absl::string_view field) const {
  const auto at = fields.find(field);
  return at == fields.end() ? message : at->second;
}

absl::Status ConfigFault(const std::string& source, int line,
                         absl::string_view field, absl::string_view what) {
  return BadUsage(absl::StrCat(source, line == 0 ? "" : absl::StrCat(":", line),
                               ": field ", Quoted(field), ": ", what));
}

absl::Status ConfigRefusal(const std::string& source, const ConfigLines& lines,
                           const absl::Status& status,
                           absl::string_view prefix) {
  const std::string full = FieldOf(status);
  absl::string_view field = full;
  absl::string_view what = status.message();
  absl::ConsumePrefix(&what, absl::StrCat(full, ": "));
  absl::ConsumePrefix(&field, prefix);
  if (full.empty()) {
    return BadUsage(absl::StrCat(source, ":", lines.message, ": ", what));
  }
  return ConfigFault(source, lines.Of(field), field, what);
}

absl::StatusOr<RingConfig> ReadRingConfig(absl::string_view text,
                                          const std::string& source) {
  const auto root = ParseYaml(text, source);
  if (!root.ok()) return root.status();
  try {
    return ConfigReader(source).Read(*root);
  } catch (const YAML::Exception& error) {  // of a node that cannot be read
    return BadUsage(
        absl::StrCat(source, ":", error.mark.line + 1, ": ", error.msg));
  }
}

}  // namespace clockwise::cli
