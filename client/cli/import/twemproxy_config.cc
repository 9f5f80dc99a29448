// Reads the servers of one pool of twemproxy (nutcracker.yml).
#include <yaml-cpp/yaml.h>

#include <optional>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/import/imported.h"
#include "service/api/refusal.h"
#include "service/limits.h"

namespace clockwise::cli {
namespace {

// True if the setting does not affect placement.
bool IsTwemproxyConnectionOption(absl::string_view name) {
  static const auto& names =
      *new std::set<absl::string_view>{"listen",
                                       "timeout",
                                       "backlog",
                                       "client_connections",
                                       "tcpkeepalive",
                                       "redis",
                                       "redis_auth",
                                       "redis_db",
                                       "preconnect",
                                       "server_connections",
                                       "reuseport",
                                       "server_retry_timeout",
                                       "server_failure_limit"};
  return names.contains(name);
}

class PoolReader {
 public:
  explicit PoolReader(const std::string& source) : source_(source) {}

  absl::StatusOr<Imported> Read(const YAML::Node& pool,
                                const SourceLine& place) {
    if (!pool.IsMap()) return ImportFault(place, "the pool is not a YAML map");
    std::set<std::string> seen;
    for (const auto& entry : pool) {
      const SourceLine at = PlaceOf(entry.first);
      const std::string name = entry.first.Scalar();
      if (!seen.insert(name).second) {
        return ImportFault(
            at,
            absl::StrCat(Quoted(name), " occurs twice; remove one of them"));
      }
      if (auto status = ReadSetting(name, entry.second, at); !status.ok()) {
        return status;
      }
    }
    if (imported_.nodes.empty()) {
      return ImportFault(place, "the pool has no servers");
    }
    imported_.spec.set_layout(modula_ ? v1::LAYOUT_TWEMPROXY_MODULA
                                      : v1::LAYOUT_TWEMPROXY_KETAMA);
    imported_.key = "the key, or its part in the hash tag";
    imported_.notes.emplace_back(
        "twemproxy sorts its servers by name, shorter names first; the order "
        "in the file has no effect");
    return std::move(imported_);
  }

  SourceLine PlaceOf(const YAML::Node& node) const {
    return {source_, node.Mark().line + 1};
  }

 private:
  absl::Status ReadSetting(const std::string& name, const YAML::Node& value,
                           const SourceLine& place) {
    if (name == "servers") return ReadServers(value, place);
    if (!value.IsScalar()) {
      return ImportFault(place,
                         absl::StrCat(Quoted(name), " is not a single value"));
    }
    const std::string& text = value.Scalar();
    if (name == "distribution") {
      modula_ = text == "modula";
      if (modula_ || text == "ketama") return absl::OkStatus();
      return ImportFault(
          place, absl::StrCat("distribution ", Quoted(text),
                              " is not supported; use ketama or modula"));
    }
    if (name == "hash") {
      imported_.spec.mutable_settings()->set_key_hash(text);
    } else if (name == "hash_tag") {
      imported_.spec.mutable_settings()->set_hash_tag(text);
    } else if (name == "auto_eject_hosts") {
      if (text == "true") {
        imported_.notes.emplace_back(
            "auto_eject_hosts: the behaviour of twemproxy when a server "
            "fails is not reproduced");
      }
    } else if (!IsTwemproxyConnectionOption(name)) {
      return ImportFault(
          place, absl::StrCat("setting ", Quoted(name), " is not supported"));
    }
    return absl::OkStatus();
  }

  absl::Status ReadServers(const YAML::Node& servers, const SourceLine& place) {
    if (!servers.IsSequence()) {
      return ImportFault(place, "\"servers\" is not a YAML list");
    }
    for (const YAML::Node& server : servers) {
      const SourceLine at = PlaceOf(server);
      if (!server.IsScalar()) {
        return ImportFault(
            at, "the server is not a string; write HOST:PORT:WEIGHT [NAME]");
      }
      if (auto status = ReadServer(server.Scalar(), at); !status.ok()) {
        return status;
      }
    }
    return absl::OkStatus();
  }

  // Reads "host:port:weight [name]" or "/path:weight name".
  absl::Status ReadServer(const std::string& text, const SourceLine& place) {
    const std::vector<std::string> words =
        absl::StrSplit(text, ' ', absl::SkipEmpty());
    const auto malformed = [&] {
      return ImportFault(place, absl::StrCat("server ", Quoted(text),
                                             " is not HOST:PORT:WEIGHT [NAME] "
                                             "or /PATH:WEIGHT NAME"));
    };
    if (words.empty() || words.size() > 2) return malformed();
    const size_t colon = words[0].rfind(':');
    if (colon == std::string::npos) return malformed();
    auto weight = ImportNumber(place, "weight", words[0].substr(colon + 1), 1,
                               limits::kMaxWeight);
    if (!weight.ok()) return weight.status();
    const std::string address = words[0].substr(0, colon);
    if (address.starts_with('/')) {
      if (words.size() < 2) return malformed();
      AddImportedNode(imported_, words[1], absl::StrCat("unix:", address),
                      *weight);
      return absl::OkStatus();
    }
    const size_t before_port = address.rfind(':');
    if (before_port == std::string::npos || before_port == 0) {
      return malformed();
    }
    const std::string port = address.substr(before_port + 1);
    auto number = ImportNumber(place, "port", port, 1, 65535);
    if (!number.ok()) return number.status();
    const std::string hashed =
        words.size() == 2 ? words[1]
                          : MemcachedText(address.substr(0, before_port), port);
    AddImportedNode(imported_, hashed, address, *weight);
    return absl::OkStatus();
  }

  const std::string& source_;
  bool modula_ = false;
  Imported imported_;
};

}  // namespace

absl::StatusOr<Imported> ReadTwemproxy(absl::string_view text,
                                       const std::string& source,
                                       const std::string& pool) {
  absl::Status status = CheckLastLine(text, source);
  if (!status.ok()) return status;
  YAML::Node root;
  try {
    root = YAML::Load(std::string(text));
  } catch (const YAML::Exception& error) {
    return ImportFault({source, error.mark.line + 1},
                       absl::StrCat("the file is not valid YAML: ", error.msg));
  }
  if (!root.IsMap()) {
    return ImportFault({source, 1}, "the file is not a map of pools");
  }
  PoolReader reader(source);
  std::optional<YAML::Node> wanted;
  SourceLine place{source, 0};
  for (const auto& entry : root) {
    if (entry.first.Scalar() != pool) continue;
    if (wanted.has_value()) {
      return ImportFault(reader.PlaceOf(entry.first),
                         absl::StrCat("pool ", Quoted(pool), " repeats line ",
                                      place.line, "; remove one of them"));
    }
    place = reader.PlaceOf(entry.first);
    wanted = entry.second;
  }
  if (!wanted.has_value()) {
    return ImportFault(
        place, absl::StrCat("pool ", Quoted(pool), " is not in the file"));
  }
  return reader.Read(*wanted, place);
}

}  // namespace clockwise::cli
