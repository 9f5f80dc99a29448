// Reads the servers and the `hash-type` of one `backend` or `listen` of
// HAProxy.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/cli/import/haproxy_conditions.h"
#include "client/cli/import/haproxy_hashing.h"
#include "client/cli/import/haproxy_language.h"
#include "client/cli/import/imported.h"
#include "client/cli/text.h"
#include "service/api/refusal.h"
#include "service/limits.h"

namespace clockwise::cli {
namespace {

constexpr uint32_t kMaxWeight = 256;
constexpr uint32_t kMaxId = 2147483647;

using Words = std::vector<std::string>;

struct HaproxyServer {
  std::string name;
  std::string address;
  uint32_t id = 0;  // 0: not set
  std::optional<uint32_t> weight;
  bool backup = false;
  bool disabled = false;
  int line = 0;
};

// The placement settings of a section. Sections inherit those of a `defaults`.
struct Section {
  SourceLine place;
  HaproxyHashing hashing;
  HaproxyServer default_server;
  // The first line that cannot be imported. It matters only if the backend
  // inherits from this section.
  absl::Status fault;
};

class BackendReader {
 public:
  BackendReader(const std::string& source, const std::string& backend,
                v1::Layout consistent)
      : source_(source), backend_(backend), consistent_(consistent) {}

  absl::StatusOr<Imported> Read(absl::string_view text) {
    absl::Status status = CheckLastLine(text, source_);
    if (!status.ok()) return status;
    place_ = {source_, 0};
    for (const absl::string_view line : absl::StrSplit(text, '\n')) {
      ++place_.line;
      if (line.find('\0') != absl::string_view::npos) {
        return ImportFault(place_, "the line contains a NUL character");
      }
      auto parsed = ParseHaproxyLine(line, place_);
      if (!parsed.ok()) return parsed.status();
      if (parsed->words.empty()) continue;
      status = ReadLine(*parsed);
      if (!status.ok()) return status;
    }
    status = conditions_.End();
    if (!status.ok()) return status;
    return Finish();
  }

 private:
  absl::Status ReadLine(const HaproxyLine& line) {
    const std::string& word = line.words[0];
    if (word[0] == '.') return conditions_.Read(word, place_);
    if (IsHaproxySection(word)) {
      started_ = true;
      return EnterSection(line);
    }
    if (const auto section = MisspeltHaproxySection(line.words);
        !section.empty()) {
      return ImportFault(place_,
                         absl::StrCat(Quoted(word), " is not a section; write ",
                                      Quoted(section)));
    }
    if (!started_) {
      return ImportFault(place_, absl::StrCat(Quoted(word),
                                              " is not the name of a section, "
                                              "and no section has begun"));
    }
    if (!conditions_.MayBeIn(HaproxyConditions::kDefaults) &&
        !conditions_.MayBeIn(HaproxyConditions::kBackend)) {
      return absl::OkStatus();
    }
    // A line that may be of the backend is an error at once.
    const bool of_defaults = !conditions_.MayBeIn(HaproxyConditions::kBackend);
    Section& section = of_defaults ? defaults_ : section_;
    absl::Status status;
    if (conditions_.Certain()) {
      status = ReadDirective(line, section, of_defaults);
    } else if (!IsHaproxyHarmless(line.words)) {
      status = conditions_.Fault(place_, word);
    }
    if (!of_defaults) return status;
    defaults_.fault.Update(status);
    return absl::OkStatus();
  }

  absl::Status EnterSection(const HaproxyLine& line) {
    const Words& words = line.words;
    if (conditions_.MayBeIn(HaproxyConditions::kDefaults)) KeepDefaults();
    const bool proxy = words[0] == "backend" || words[0] == "listen";
    const bool wanted = proxy && words.size() > 1 && words[1] == backend_;
    absl::Status status;
    if (!conditions_.Unconditional()) {
      status = conditions_.Fault(place_, words[0]);
    } else if (!line.variable.empty()) {
      status = VariableFault(line);
    }
    if (words[0] == "defaults") {
      // Another branch may continue the section that ends here.
      if (!conditions_.Unconditional() && !defaults_name_.empty()) {
        named_.at(defaults_name_).fault.Update(status);
      }
      conditions_.Enter(HaproxyConditions::kDefaults);
      EnterDefaults(words);
      defaults_.fault.Update(status);
      return absl::OkStatus();
    }
    conditions_.Enter(wanted ? HaproxyConditions::kBackend
                             : HaproxyConditions::kOther);
    if (!wanted) {
      // A name that is in a variable may be the one.
      if (proxy && !line.variable.empty()) unknown_.Update(status);
      return absl::OkStatus();
    }
    if (!status.ok()) return status;
    return EnterBackend(words);
  }

  // Keeps the `defaults` that ends here, for sections that name it.
  void KeepDefaults() {
    if (defaults_name_.empty()) return;
    const auto at = named_.try_emplace(defaults_name_, defaults_).first;
    if (at->second.place.line == defaults_.place.line) {
      at->second = defaults_;
    } else {
      at->second.fault = ImportFault(
          defaults_.place,
          absl::StrCat("defaults ", Quoted(defaults_name_), " repeats line ",
                       at->second.place.line, "; rename one of them"));
    }
  }

  // `defaults [NAME] [from NAME]`. Without `from`, it inherits nothing.
  void EnterDefaults(const Words& words) {
    const bool named = words.size() > 1 && words[1] != "from";
    defaults_ = Section();
    const Words rest(words.begin() + (named ? 2 : 1), words.end());
    absl::Status status = Inherit(rest, defaults_);
    defaults_.fault.Update(status);
    defaults_.place = place_;
    defaults_name_ = named ? words[1] : "";
    if (named_.size() < limits::kMaxImportSections) return;
    defaults_.fault.Update(ImportFault(
        place_, absl::StrCat("more than ", Grouped(limits::kMaxImportSections),
                             " named defaults")));
    defaults_name_.clear();
  }

  absl::Status EnterBackend(const Words& words) {
    if (found_) {
      return ImportFault(place_, absl::StrCat(words[0], " ", Quoted(backend_),
                                              " repeats line ", found_at_.line,
                                              "; remove one of them"));
    }
    found_ = true;
    found_at_ = place_;
    section_ = defaults_;
    absl::Status status =
        Inherit(Words(words.begin() + 2, words.end()), section_);
    status.Update(section_.fault);
    return status;
  }

  // Reads `from NAME`, or nothing.
  absl::Status Inherit(const Words& words, Section& section) {
    if (words.empty()) return absl::OkStatus();
    if (words.size() != 2 || words[0] != "from") {
      return ImportFault(place_, absl::StrCat(Quoted(words[0]),
                                              " after the name of the section "
                                              "is not supported"));
    }
    const auto at = named_.find(words[1]);
    if (at == named_.end()) {
      return ImportFault(place_, absl::StrCat("no defaults ", Quoted(words[1]),
                                              " is above this line"));
    }
    section = at->second;
    return absl::OkStatus();
  }

  absl::Status VariableFault(const HaproxyLine& line) const {
    return ImportFault(
        place_, absl::StrCat("directive ", Quoted(line.words[0]),
                             " uses the environment variable ",
                             Quoted(line.variable), "; write its value"));
  }

  absl::Status ReadDirective(const HaproxyLine& line, Section& section,
                             bool of_defaults) {
    const Words& words = line.words;
    const std::string& name = words[0];
    if (name == "http-request" && words.size() > 1) {
      section.hashing.rewrites.push_back({words, place_});
    }
    if (IsHaproxyHarmless(words)) return absl::OkStatus();
    if (!line.variable.empty()) return VariableFault(line);
    const std::map<absl::string_view, HaproxySetting*> settings{
        {"balance", &section.hashing.balance},
        {"hash-type", &section.hashing.hash_type},
        {"mode", &section.hashing.mode},
        {"load-server-state-from-file", &section.hashing.state_file}};
    if (const auto at = settings.find(name); at != settings.end()) {
      *at->second = {words, place_};
      return absl::OkStatus();
    }
    if (name == "default-server") {
      const auto id = std::find(words.begin(), words.end(), "id");
      if (id != words.end()) {
        return ImportFault(place_,
                           "HAProxy ignores \"id\" in default-server; remove "
                           "it");
      }
      return ReadParameters(words, 1, section.default_server);
    }
    if (name == "server" && !of_defaults) return ReadServer(words);
    if (name == "option") {
      return ImportFault(
          place_,
          absl::StrCat("option ", Quoted(words.size() > 1 ? words[1] : ""),
                       " is not supported"));
    }
    if (name == "hash-balance-factor") {
      if (words.size() == 2 && words[1] == "0") return absl::OkStatus();
      return ImportFault(
          place_, words.size() == 2
                      ? "hash-balance-factor moves keys by load; remove it"
                      : "hash-balance-factor requires one value");
    }
    if (name == "hash-preserve-affinity") {
      if (words.size() == 2 && words[1] == "always") return absl::OkStatus();
      return ImportFault(place_,
                         "hash-preserve-affinity moves keys by load, except "
                         "with always");
    }
    return ImportFault(
        place_, absl::StrCat("directive ", Quoted(name), " is not supported"));
  }

  absl::Status ReadServer(const Words& words) {
    if (words.size() < 3) {
      return ImportFault(place_, "not `server NAME ADDRESS …`");
    }
    absl::Status count = CheckServerCount(place_, servers_.size());
    if (!count.ok()) return count;
    HaproxyServer server = section_.default_server;
    server.name = words[1];
    server.address = words[2];
    server.line = place_.line;
    if (!IsHaproxyName(server.name)) {
      return ImportFault(place_,
                         absl::StrCat("server name ", Quoted(server.name),
                                      " has characters other than A-Z, a-z, "
                                      "0-9, \"-\", \"_\", \".\" and \":\""));
    }
    for (const HaproxyServer& other : servers_) {
      if (other.name != server.name) continue;
      return ImportFault(
          place_, absl::StrCat("server ", Quoted(server.name), " repeats line ",
                               other.line, "; rename one of them"));
    }
    absl::Status status = CheckHaproxyAddress(place_, server.address);
    status.Update(ReadParameters(words, 3, server));
    servers_.push_back(server);
    return status;
  }

  absl::Status ReadParameters(const Words& words, size_t from,
                              HaproxyServer& server) {
    for (size_t i = from; i < words.size(); ++i) {
      const std::string& word = words[i];
      const auto arguments = HaproxyServerArguments(word);
      if (!arguments.has_value()) {
        return ImportFault(place_,
                           absl::StrCat("server parameter ", Quoted(word),
                                        " is not supported"));
      }
      if (i + *arguments >= words.size()) {
        return ImportFault(place_, absl::StrCat("server parameter ",
                                                Quoted(word), " has no value"));
      }
      const std::string value = *arguments > 0 ? words[i + 1] : "";
      if (word == "backup") server.backup = true;
      if (word == "no-backup") server.backup = false;
      if (word == "disabled") server.disabled = true;
      if (word == "enabled") server.disabled = false;
      if (word == "weight") {
        auto weight = ImportNumber(place_, "weight", value, 0, kMaxWeight);
        if (!weight.ok()) return weight.status();
        server.weight = *weight;
      }
      if (word == "hash-key") {
        if (consistent_ != v1::LAYOUT_HAPROXY_3) {
          return ImportFault(place_,
                             "hash-key requires HAProxy 3.0 or later; import "
                             "with --from=haproxy_3");
        }
        if (value != "id") {
          return ImportFault(place_, absl::StrCat("hash-key ", Quoted(value),
                                                  " is not supported; use id"));
        }
      }
      if (word == "id") {
        auto id = ImportNumber(place_, "id", value, 1, kMaxId);
        if (!id.ok()) return id.status();
        server.id = *id;
      }
      i += *arguments;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Imported> Finish() {
    if (!found_) {
      if (!unknown_.ok()) return unknown_;
      return ImportFault(
          {source_, 0},
          absl::StrCat("backend ", Quoted(backend_), " is not in the file"));
    }
    absl::Status status =
        ReadHaproxyHashing(section_.hashing, found_at_, consistent_, imported_);
    if (!status.ok()) return status;
    status = NumberServers();
    if (!status.ok()) return status;
    if (imported_.nodes.empty()) {
      return ImportFault(
          found_at_,
          absl::StrCat("backend ", Quoted(backend_),
                       servers_.empty()
                           ? " has no servers"
                           : " has only servers that are backups or disabled"));
    }
    return std::move(imported_);
  }

  // Assigns ids like HAProxy. A server without an id gets the first free id,
  // counted from its own position or from the id after the last assigned one.
  absl::Status NumberServers() {
    std::map<uint32_t, int> lines;
    for (const HaproxyServer& server : servers_) {
      if (server.id == 0) continue;
      if (!lines.try_emplace(server.id, server.line).second) {
        return ImportFault({source_, server.line},
                           absl::StrCat("id ", server.id, " repeats line ",
                                        lines[server.id], "; change one"));
      }
    }
    uint32_t next = 1;
    for (HaproxyServer& server : servers_) {
      if (server.id == 0) {
        while (lines.contains(next)) ++next;
        server.id = next;
        lines[next] = server.line;
      }
      ++next;
      AddServer(server);
    }
    return absl::OkStatus();
  }

  void AddServer(const HaproxyServer& server) {
    const uint32_t weight = server.weight.value_or(1);
    const char* absent = server.backup     ? "a backup"
                         : server.disabled ? "disabled"
                                           : nullptr;
    if (absent != nullptr) {
      imported_.notes.push_back(absl::StrCat(server.name, " is ", absent,
                                             " and is not part of the ring"));
      return;
    }
    if (weight == 0) {
      imported_.notes.push_back(
          absl::StrCat(server.name, " has weight 0 and owns no keys"));
    }
    v1::Node& node = AddImportedNode(imported_, {source_, server.line},
                                     server.name, server.address, weight);
    node.set_hash_key(absl::StrCat(server.id));
  }

  const std::string& source_;
  const std::string& backend_;
  const v1::Layout consistent_;
  SourceLine place_;
  SourceLine found_at_;
  HaproxyConditions conditions_;
  bool started_ = false;  // a section has begun
  bool found_ = false;
  absl::Status unknown_;                  // a section whose name is not known
  std::map<std::string, Section> named_;  // the `defaults` with a name
  std::string defaults_name_;  // the name of defaults_, if it has one
  Section defaults_;           // the last one
  Section section_;
  std::vector<HaproxyServer> servers_;
  Imported imported_;
};

}  // namespace

absl::StatusOr<Imported> ReadHaproxy(absl::string_view text,
                                     const std::string& source,
                                     const std::string& backend,
                                     v1::Layout consistent) {
  return BackendReader(source, backend, consistent).Read(text);
}

}  // namespace clockwise::cli
