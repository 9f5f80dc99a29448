// Reads the servers of one pool of twemproxy (nutcracker.yml).
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <limits>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/import/host.h"
#include "client/cli/import/imported.h"
#include "client/cli/text.h"
#include "service/api/refusal.h"
#include "service/limits.h"

namespace clockwise::cli {
namespace {

// Settings that do not affect placement, by the form of their value.
enum class Form { kText, kListen, kNumber, kFlag };

// Returns the form of a setting that does not affect placement; nullopt for
// other settings.
std::optional<Form> TwemproxyOption(absl::string_view name) {
  static const auto& forms = *new std::map<absl::string_view, Form>{
      {"listen", Form::kListen},
      {"redis_auth", Form::kText},
      {"auto_eject_hosts", Form::kFlag},
      {"preconnect", Form::kFlag},
      {"redis", Form::kFlag},
      {"reuseport", Form::kFlag},
      {"tcpkeepalive", Form::kFlag},
      {"backlog", Form::kNumber},
      {"client_connections", Form::kNumber},
      {"redis_db", Form::kNumber},
      {"server_connections", Form::kNumber},
      {"server_failure_limit", Form::kNumber},
      {"server_retry_timeout", Form::kNumber},
      {"timeout", Form::kNumber}};
  const auto at = forms.find(name);
  if (at == forms.end()) return std::nullopt;
  return at->second;
}

bool IsTwemproxyHash(absl::string_view name) {
  static const auto& names = *new std::set<absl::string_view>{
      "one_at_a_time", "md5",     "crc16", "crc32",  "crc32a",  "fnv1_64",
      "fnv1a_64",      "fnv1_32", "hsieh", "murmur", "jenkins", "fnv1a_32"};
  return names.contains(name);
}

// PlainYaml finds YAML that twemproxy rejects: it reads block style and scalars
// only. yaml-cpp would read such a file, and perhaps another one than meant.
class PlainYaml : public YAML::EventHandler {
 public:
  explicit PlainYaml(const std::string& source) : source_(source) {}

  const absl::Status& fault() const { return fault_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Check(mark, "", anchor, YAML::EmitterStyle::Default);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Reject(mark, "an alias");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor, const std::string&) override {
    Check(mark, tag, anchor, YAML::EmitterStyle::Default);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    Check(mark, tag, anchor, style);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string& tag,
                  YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    Check(mark, tag, anchor, style);
  }
  void OnMapEnd() override {}

 private:
  void Check(const YAML::Mark& mark, const std::string& tag,
             YAML::anchor_t anchor, YAML::EmitterStyle::value style) {
    if (anchor != 0) Reject(mark, "an anchor");
    // yaml-cpp reports "?" without a tag, and "!" for a quoted scalar.
    if (!tag.empty() && tag != "?" && tag != "!") Reject(mark, "a tag");
    if (style == YAML::EmitterStyle::Flow) Reject(mark, "flow style");
  }

  void Reject(const YAML::Mark& mark, absl::string_view what) {
    fault_.Update(ImportFault(
        {source_, mark.line + 1},
        absl::StrCat("twemproxy rejects ", what, " of YAML; write it out")));
  }

  const std::string& source_;
  absl::Status fault_;
};

// Rejects `---`, `...` and `%`: twemproxy reads a single document without
// marks.
absl::Status CheckOneDocument(absl::string_view text,
                              const std::string& source) {
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    const absl::string_view word = line.substr(0, line.find_first_of(" \t\r"));
    if (word != "---" && word != "..." && !absl::StartsWith(word, "%"))
      continue;
    return ImportFault({source, number},
                       absl::StrCat("twemproxy rejects the mark ", Quoted(word),
                                    "; write one document without marks"));
  }
  return absl::OkStatus();
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
    if (!seen.contains("listen")) {
      return ImportFault(place,
                         "the pool has no listen, so twemproxy rejects "
                         "it; add listen: HOST:PORT");
    }
    if (seen.contains("redis_auth") &&
        (!seen.contains("redis") || pool["redis"].Scalar() != "true")) {
      return ImportFault(PlaceOf(pool["redis_auth"]),
                         "redis_auth requires redis: true; remove it");
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
      if (IsTwemproxyHash(text)) return absl::OkStatus();
      return ImportFault(place, absl::StrCat("hash ", Quoted(text),
                                             " is not a hash of twemproxy"));
    }
    if (name == "hash_tag") {
      imported_.spec.mutable_settings()->set_hash_tag(text);
      if (text.size() == 2 && absl::ascii_isascii(text[0]) &&
          absl::ascii_isascii(text[1])) {
        return absl::OkStatus();
      }
      return ImportFault(place, absl::StrCat("hash_tag ", Quoted(text),
                                             " is not two ASCII characters"));
    }
    if (name == "auto_eject_hosts" && text == "true") {
      imported_.notes.emplace_back(
          "auto_eject_hosts: the behaviour of twemproxy when a server "
          "fails is not reproduced");
    }
    return CheckOption(name, text, place);
  }

  static absl::Status CheckOption(const std::string& name,
                                  const std::string& text,
                                  const SourceLine& place) {
    const auto form = TwemproxyOption(name);
    if (!form.has_value()) {
      return ImportFault(
          place, absl::StrCat("setting ", Quoted(name), " is not supported"));
    }
    if (form == Form::kFlag && text != "true" && text != "false") {
      return ImportFault(place, absl::StrCat(name, " ", Quoted(text),
                                             " is not true or false"));
    }
    if (form == Form::kListen) return CheckListen(text, place);
    if (form == Form::kNumber) {
      return ImportNumber(place, name, text,
                          name == "server_connections" ? 1 : 0,
                          std::numeric_limits<int32_t>::max())
          .status();
    }
    return absl::OkStatus();
  }

  static absl::Status CheckListen(const std::string& text,
                                  const SourceLine& place) {
    if (absl::StartsWith(text, "/")) return absl::OkStatus();
    const size_t colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0) {
      return ImportFault(place, absl::StrCat("listen ", Quoted(text),
                                             " is not HOST:PORT or /PATH"));
    }
    auto port = ImportNumber(place, "port", text.substr(colon + 1), 1, 65535);
    if (!port.ok()) return port.status();
    return CheckHost(place, text.substr(0, colon));
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

  // Reads "host:port:weight [name]" or "/path:weight name" from the end, like
  // twemproxy: the name begins after the last blank.
  absl::Status ReadServer(const std::string& text, const SourceLine& place) {
    const bool path = absl::StartsWith(text, "/");
    const size_t blank = text.rfind(' ');
    const bool named = blank != std::string::npos;
    const std::string name = named ? text.substr(blank + 1) : "";
    const std::string rest = text.substr(0, blank);
    const size_t colon = rest.rfind(':');
    const size_t before_port = colon == std::string::npos || path || colon == 0
                                   ? std::string::npos
                                   : rest.rfind(':', colon - 1);
    if (colon == std::string::npos || named == name.empty() ||
        (path ? !named : before_port == std::string::npos)) {
      return ImportFault(place, absl::StrCat("server ", Quoted(text),
                                             " is not HOST:PORT:WEIGHT [NAME] "
                                             "or /PATH:WEIGHT NAME"));
    }
    auto weight = ImportNumber(place, "weight", rest.substr(colon + 1), 1,
                               limits::kMaxWeight);
    if (!weight.ok()) return weight.status();
    const std::string address = rest.substr(0, colon);
    if (path) {
      if (auto status = CheckPath(place, address); !status.ok()) return status;
      return AddServer(place, name, absl::StrCat("unix:", address), *weight);
    }
    const std::string host = rest.substr(0, before_port);
    const std::string port = address.substr(before_port + 1);
    auto number = ImportNumber(place, "port", port, 1, 65535);
    if (!number.ok()) return number.status();
    if (auto status = CheckHost(place, host); !status.ok()) return status;
    // twemproxy compares the value of the port, and hashes its text.
    const std::string hashed = named ? name
                               : absl::StrCat(*number) == kMemcachedPort
                                   ? host
                                   : address;
    return AddServer(place, hashed, address, *weight);
  }

  absl::Status AddServer(const SourceLine& place, const std::string& hashed,
                         const std::string& address, uint32_t weight) {
    if (auto status = CheckServerName(place, hashed); !status.ok()) {
      return status;
    }
    if (hashed.size() > limits::kMaxHashKeyBytes) {
      return ImportFault(
          place, absl::StrCat("the server's name has ", hashed.size(),
                              " bytes; at most ", limits::kMaxHashKeyBytes));
    }
    const auto [at, fresh] = names_.try_emplace(hashed, place.line);
    if (!fresh) {
      return ImportFault(
          place, absl::StrCat("server name ", Quoted(hashed), " repeats line ",
                              at->second, "; change one of them"));
    }
    absl::Status status = CheckServerCount(place, imported_.nodes.size());
    if (!status.ok()) return status;
    AddImportedNode(imported_, place, hashed, address, weight);
    return absl::OkStatus();
  }

  const std::string& source_;
  bool modula_ = false;
  std::map<std::string, int> names_;  // the line of each server
  Imported imported_;
};

}  // namespace

absl::StatusOr<Imported> ReadTwemproxy(absl::string_view text,
                                       const std::string& source,
                                       const std::string& pool) {
  absl::Status status = CheckLastLine(text, source);
  if (!status.ok()) return status;
  if (text.size() > limits::kMaxImportYamlBytes) {
    return ImportFault({source, 0},
                       absl::StrCat("the file has more than ",
                                    Grouped(limits::kMaxImportYamlBytes),
                                    " bytes, the maximum for YAML"));
  }
  status = CheckOneDocument(text, source);
  if (!status.ok()) return status;
  YAML::Node root;
  try {
    std::istringstream stream{std::string(text)};
    PlainYaml plain(source);
    YAML::Parser(stream).HandleNextDocument(plain);
    if (!plain.fault().ok()) return plain.fault();
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
