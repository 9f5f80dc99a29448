// Reads the slots of a Redis Cluster from the output of `CLUSTER NODES`, or
// from the file nodes.conf of a server.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
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
    for (const auto& [id, line] : primaries_) {
      if (ids_.contains(id)) continue;
      return ImportFault({place_.source, line},
                         absl::StrCat("the primary ", Quoted(id),
                                      " is not in the file; it may be "
                                      "truncated"));
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
    const bool replica = flags.contains("slave") || flags.contains("replica");
    if (!primary && !replica && !flags.contains("handshake") &&
        !flags.contains("noaddr")) {
      return ImportFault(place_, "the line is not one of CLUSTER NODES");
    }
    absl::Status status = CheckFields(words, primary, replica);
    if (status.ok() && flags.contains("myself")) status = CheckMyself();
    if (!status.ok()) return status;
    std::vector<uint32_t> slots;
    for (size_t i = kRedisFields; i < words.size(); ++i) {
      if (absl::StartsWith(words[i], "[")) continue;
      status = ReadSlots(words[i], slots);
      if (!status.ok()) return status;
    }
    for (size_t i = kRedisFields; i < words.size(); ++i) {
      if (!absl::StartsWith(words[i], "[")) continue;
      status = ReadMove(words[i], slots);
      if (!status.ok()) return status;
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
    if (flags.contains("noaddr")) {
      return ImportFault(place_,
                         "the primary has slots, but no address (noaddr)");
    }
    return AddPrimary(address, flags.contains("fail"), slots);
  }

  // Rejects fields that contradict each other or another line.
  absl::Status CheckFields(const std::vector<std::string>& words, bool primary,
                           bool replica) {
    const auto [at, fresh] = ids_.try_emplace(words[0], place_.line);
    if (!fresh) {
      return ImportFault(place_, absl::StrCat("node ", Quoted(words[0]),
                                              " repeats line ", at->second));
    }
    if (primary && replica) {
      return ImportFault(place_, "the node is a primary and a replica");
    }
    if (primary != (words[3] == "-") && (primary || replica)) {
      return ImportFault(
          place_,
          absl::StrCat("the flags are ", Quoted(words[2]),
                       ", but the node's primary is ", Quoted(words[3])));
    }
    if (replica) primaries_.try_emplace(words[3], place_.line);
    uint64_t number = 0;
    for (const size_t field : {size_t{4}, size_t{5}, size_t{6}}) {
      if (absl::SimpleAtoi(words[field], &number)) continue;
      return ImportFault(place_, absl::StrCat(Quoted(words[field]),
                                              " is not a time or "
                                              "an epoch"));
    }
    if (words[7] == "connected" || words[7] == "disconnected") {
      return absl::OkStatus();
    }
    return ImportFault(
        place_, absl::StrCat("link state ", Quoted(words[7]), " is not known"));
  }

  absl::Status CheckMyself() {
    if (myself_ == 0) {
      myself_ = place_.line;
      return absl::OkStatus();
    }
    return ImportFault(place_, absl::StrCat("\"myself\" repeats line ", myself_,
                                            "; import the output of one node"));
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
    const auto [at, fresh] = addresses_.try_emplace(address, place_.line);
    if (!fresh) {
      return ImportFault(place_, absl::StrCat("address ", Quoted(address),
                                              " repeats line ", at->second));
    }
    if (failed) {
      imported_.notes.push_back(
          absl::StrCat(address, " has failed, and still has its slots"));
    }
    status = CheckServerCount(place_, imported_.nodes.size());
    if (!status.ok()) return status;
    v1::Node& node = AddImportedNode(imported_, place_, address, address, 1);
    node.clear_hash_key();
    for (const uint32_t slot : slots) node.add_points(slot);
    return absl::OkStatus();
  }

  // Reads `[93->-ID]` or `[93-<-ID]` for a slot that moves. Until the move
  // ends, the source has the slot.
  absl::Status ReadMove(absl::string_view text,
                        const std::vector<uint32_t>& slots) {
    const size_t end = text.find('-');
    const bool leaves = text.substr(std::min(end, text.size()), 3) == "->-";
    const bool arrives = text.substr(std::min(end, text.size()), 3) == "-<-";
    if (!absl::EndsWith(text, "]") || (!leaves && !arrives) ||
        end + 4 >= text.size()) {
      return ImportFault(
          place_, absl::StrCat(Quoted(text), " is not a slot that moves"));
    }
    auto slot =
        ImportNumber(place_, "slot", text.substr(1, end - 1), 0, kLastSlot);
    if (!slot.ok()) return slot.status();
    const bool here =
        std::find(slots.begin(), slots.end(), *slot) != slots.end();
    if (here != leaves) {
      return ImportFault(
          place_,
          absl::StrCat(Quoted(text), " contradicts the slots of this node"));
    }
    if (leaves) {
      imported_.notes.push_back(absl::StrCat(
          "slot ", *slot, " is migrating; it stays at its source"));
    }
    return absl::OkStatus();
  }

  // Reads `5461` or `0-5460`.
  absl::Status ReadSlots(absl::string_view text, std::vector<uint32_t>& slots) {
    const std::vector<std::string> ends = absl::StrSplit(text, '-');
    auto first = ImportNumber(place_, "slot", ends.front(), 0, kLastSlot);
    if (!first.ok()) return first.status();
    auto last = ImportNumber(place_, "slot", ends.back(), 0, kLastSlot);
    if (!last.ok()) return last.status();
    if (ends.size() > 2 || *last < *first) {
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
  std::map<std::string, int> addresses_;
  std::map<std::string, int> ids_;        // of the nodes
  std::map<std::string, int> primaries_;  // IDs that replicas name
  int myself_ = 0;                        // the line of the node that printed
  Imported imported_;
};

}  // namespace

absl::StatusOr<Imported> ReadRedisCluster(absl::string_view text,
                                          const std::string& source) {
  return SlotReader(source).Read(text);
}

}  // namespace clockwise::cli
