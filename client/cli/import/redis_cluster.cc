// Reads the slots of a Redis Cluster from the output of `CLUSTER NODES`, or
// from the file nodes.conf of a server.
#include <map>
#include <optional>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/import/host.h"
#include "client/cli/import/imported.h"
#include "service/api/refusal.h"

namespace clockwise::cli {
namespace {

constexpr uint32_t kLastSlot = 16383;
// ID, address, flags, primary, ping, pong, epoch, link. Slots follow.
constexpr size_t kRedisFields = 8;

class SlotReader {
 public:
  explicit SlotReader(const std::string& source) : place_{source, 0} {}

  absl::StatusOr<Imported> Read(absl::string_view text) {
    absl::Status status = CheckLastLine(text, place_.source);
    if (!status.ok()) return status;
    imported_.spec.set_layout(v1::LAYOUT_REDIS_CLUSTER);
    imported_.key = "the key, or its part in braces";
    for (const absl::string_view line : absl::StrSplit(text, '\n')) {
      ++place_.line;
      const std::vector<std::string> words =
          absl::StrSplit(line, absl::ByAnyChar(" \r"), absl::SkipEmpty());
      // nodes.conf ends with a line of variables.
      if (words.empty() || words[0] == "vars") continue;
      status = ReadNode(words);
      if (!status.ok()) return status;
    }
    status = CheckAllSlots();
    if (!status.ok()) return status;
    return std::move(imported_);
  }

 private:
  absl::Status ReadNode(const std::vector<std::string>& words) {
    const std::set<std::string> flags =
        words.size() < kRedisFields
            ? std::set<std::string>()
            : std::set<std::string>(absl::StrSplit(words[2], ','));
    const bool primary = flags.contains("master");
    if (!primary && !flags.contains("slave") && !flags.contains("replica") &&
        !flags.contains("handshake") && !flags.contains("noaddr")) {
      return ImportFault(place_, "the line is not one of CLUSTER NODES");
    }
    std::vector<uint32_t> slots;
    for (size_t i = kRedisFields; i < words.size(); ++i) {
      if (absl::Status status = ReadSlots(words[i], slots); !status.ok()) {
        return status;
      }
    }
    // host:port@bus-port,hostname,… The parts after the port are optional.
    const std::string address =
        words[1].substr(0, words[1].find_first_of("@,"));
    if (slots.empty()) {
      if (primary) {
        imported_.notes.push_back(
            absl::StrCat(address, " has no slots and is not part of the ring"));
      }
      return absl::OkStatus();
    }
    if (!primary) return ImportFault(place_, "a replica has slots");
    return AddPrimary(address, flags.contains("fail"), slots);
  }

  absl::Status AddPrimary(const std::string& address, bool failed,
                          const std::vector<uint32_t>& slots) {
    const size_t colon = address.rfind(':');
    if (colon == std::string::npos) {
      return ImportFault(place_, absl::StrCat("address ", Quoted(address),
                                              " is not HOST:PORT"));
    }
    auto port =
        ImportNumber(place_, "port", address.substr(colon + 1), 1, 65535);
    if (!port.ok()) return port.status();
    absl::Status status = CheckHost(place_, address.substr(0, colon));
    if (!status.ok()) return status;
    if (!addresses_.insert(address).second) {
      return ImportFault(place_,
                         absl::StrCat(Quoted(address), " occurs twice"));
    }
    if (failed) {
      imported_.notes.push_back(
          absl::StrCat(address, " has failed, and still has its slots"));
    }
    v1::Node& node = AddImportedNode(imported_, place_, address, address, 1);
    node.clear_hash_key();
    for (const uint32_t slot : slots) node.add_points(slot);
    return absl::OkStatus();
  }

  // Reads `5461`, `0-5460`, or `[93->-ID]` and `[93-<-ID]` for a slot that
  // moves. Until the move ends, the source has the slot.
  absl::Status ReadSlots(absl::string_view text, std::vector<uint32_t>& slots) {
    if (absl::StartsWith(text, "[")) {
      const size_t end = text.find('-');
      if (!absl::EndsWith(text, "]") || end == absl::string_view::npos) {
        return ImportFault(
            place_, absl::StrCat(Quoted(text), " is not a slot that moves"));
      }
      if (text.substr(end, 3) == "->-") {
        imported_.notes.push_back(
            absl::StrCat("slot ", std::string(text.substr(1, end - 1)),
                         " is migrating; it stays at its source"));
      }
      return absl::OkStatus();
    }
    const std::vector<std::string> ends = absl::StrSplit(text, '-');
    auto first = ImportNumber(place_, "slot", ends.front(), 0, kLastSlot);
    if (!first.ok()) return first.status();
    auto last = ImportNumber(place_, "slot", ends.back(), *first, kLastSlot);
    if (!last.ok()) return last.status();
    if (ends.size() > 2) {
      return ImportFault(
          place_, absl::StrCat(Quoted(text), " is not a range of slots"));
    }
    for (uint32_t slot = *first; slot <= *last; ++slot) {
      const auto [at, fresh] = lines_.try_emplace(slot, place_.line);
      if (!fresh) {
        return ImportFault(
            place_, absl::StrCat("slot ", slot, " repeats line ", at->second));
      }
      slots.push_back(slot);
    }
    return absl::OkStatus();
  }

  absl::Status CheckAllSlots() const {
    for (uint32_t slot = 0; slot <= kLastSlot; ++slot) {
      if (lines_.contains(slot)) continue;
      return ImportFault({place_.source, 0},
                         absl::StrCat("slot ", slot,
                                      " has no node; the file may be "
                                      "truncated, or the cluster is down"));
    }
    return absl::OkStatus();
  }

  SourceLine place_;
  std::map<uint32_t, int> lines_;  // of each slot
  std::set<std::string> addresses_;
  Imported imported_;
};

}  // namespace

absl::StatusOr<Imported> ReadRedisCluster(absl::string_view text,
                                          const std::string& source) {
  return SlotReader(source).Read(text);
}

}  // namespace clockwise::cli
