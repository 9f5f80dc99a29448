// The file that `clockwise apply` reads: the desired state of a ring, or
// changes of its nodes, as YAML or JSON. Pure functions.
//
// The names of fields are those of placement.proto. client/README.md describes
// the format. Failures are bad usage (failure.h) and read
// `FILE:LINE: field "weight": VALUE, the rule, and what to do`.
#ifndef CLOCKWISE_CLIENT_CLI_CONFIG_RING_CONFIG_H_
#define CLOCKWISE_CLIENT_CLI_CONFIG_RING_CONFIG_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise::cli {

// The line on which a message begins, and those of the fields that it states,
// from 1. Fields of RingSpec.settings have names as "settings.key_hash".
struct ConfigLines {
  int message = 0;
  std::map<std::string, int, std::less<>> fields;

  // The line of `field`, or that of the message if it does not state the field.
  int Of(absl::string_view field) const;
};

struct ConfigSpec {
  v1::RingSpec spec;  // as stated, without a name
  ConfigLines lines;
};

struct ConfigNode {
  v1::Node node;  // as NormalizeNode returns it (service/api/validate.h)
  ConfigLines lines;
};

struct ConfigChange {
  v1::NodeChange change;
  ConfigLines lines;  // of the node that it adds or updates
};

struct RingConfig {
  // Contents of the file: the desired nodes of the ring, or changes.
  enum class Kind { kState, kChanges };

  std::string source;  // what errors call the file
  Kind kind = Kind::kState;
  std::string ring;  // empty: the file does not name the ring
  int ring_line = 0;
  bool has_spec = false;
  ConfigSpec spec;
  std::vector<ConfigNode> nodes;      // kState, in the order of the file
  std::vector<ConfigChange> changes;  // kChanges, in the order of the file
};

// Reads `text`. Refuses what it does not know, what is repeated, and values
// that another reader of YAML could understand otherwise.
absl::StatusOr<RingConfig> ReadRingConfig(absl::string_view text,
                                          const std::string& source);

// Bad usage: `SOURCE:LINE: field "FIELD": WHAT`.
absl::Status ConfigFault(const std::string& source, int line,
                         absl::string_view field, absl::string_view what);

// Bad usage: `status`, a refusal of a field of the message that `lines` are of.
// `prefix` is removed from the name of the field.
absl::Status ConfigRefusal(const std::string& source, const ConfigLines& lines,
                           const absl::Status& status,
                           absl::string_view prefix = "");

// The desired state of `ring`, which states its spec and its nodes so that
// ReadRingConfig and `clockwise apply` make an equal ring of it. Nodes are in
// the order of ids, or in that in which they joined if the layout depends on
// it. Fields with default values are left out.
std::string YamlRingConfig(const v1::Snapshot& ring);
std::string JsonRingConfig(const v1::Snapshot& ring);

// The value of a node's field on one line: `10.0.0.1:80`, `{rack: a}`.
std::string FieldText(const v1::Node& node, absl::string_view field);

// The fields of a node, in the order of the proto, that a file can state beside
// the id.
std::vector<std::string> NodeFields();

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_CONFIG_RING_CONFIG_H_
