// Reads the tokens of Cassandra from the output of `nodetool ring` or `nodetool
// describering`.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/cli/import/host.h"
#include "client/cli/import/imported.h"
#include "service/api/refusal.h"

namespace clockwise::cli {
namespace {

using Words = std::vector<std::string>;

absl::StatusOr<int64_t> ParseToken(const SourceLine& place,
                                   absl::string_view text) {
  int64_t token = 0;
  // Tokens of ByteOrderedPartitioner can have only digits, but also zeros in
  // front.
  if (absl::SimpleAtoi(text, &token) && absl::StrCat(token) == text) {
    return token;
  }
  return ImportFault(place, absl::StrCat("token ", Quoted(text),
                                         " is not a signed 64-bit number; only "
                                         "Murmur3Partitioner is supported"));
}

// Rejects a host that is not a host name or an IP address, with or without a
// port (nodetool -pp).
absl::Status CheckNodeAddress(const SourceLine& place,
                              const std::string& host) {
  if (CheckHost(place, host).ok()) return absl::OkStatus();
  return CheckHostAndPort(place, host);
}

// TokenOwners collects the tokens of each host. The ring would also reject
// equal tokens, but here the line is known.
class TokenOwners {
 public:
  explicit TokenOwners(Imported& imported) : imported_(imported) {}

  absl::Status Add(const SourceLine& place, int64_t token,
                   const std::string& host, const std::string& zone) {
    const auto [at, fresh] = lines_.try_emplace(token, place.line);
    if (!fresh) {
      return ImportFault(
          place, absl::StrCat("token ", token, " repeats line ", at->second,
                              "; remove one of them"));
    }
    if (auto status = CheckNodeAddress(place, host); !status.ok()) {
      return status;
    }
    const auto [index, is_new] =
        nodes_.try_emplace(host, imported_.nodes.size());
    if (is_new) {
      auto status = CheckServerCount(place, imported_.nodes.size());
      if (!status.ok()) return status;
    }
    if (is_new) AddImportedNode(imported_, place, host, host, 1).set_zone(zone);
    v1::Node& node = imported_.nodes[index->second];
    if (node.zone() != zone) {
      return ImportFault(
          place, absl::StrCat("host ", Quoted(host), " is in rack ",
                              Quoted(zone), ", but on an earlier line in ",
                              Quoted(node.zone()), "; use one rack"));
    }
    node.add_points(static_cast<uint64_t>(token));
    return absl::OkStatus();
  }

 private:
  Imported& imported_;
  std::map<int64_t, int> lines_;
  std::map<std::string, size_t> nodes_;
};

// A row of `nodetool ring`: address, rack, status, state, load, owns, token.
struct RingRow {
  std::string address;
  std::string rack;
  std::string state;
  std::string token;
};

// Returns the fields of a row; nullopt if it has too few. Columns have a
// minimal width: a long rack has no blank before the status. So the row is read
// from its end. A load has a unit unless it is "?".
std::optional<RingRow> SplitRow(Words words) {
  static const auto& units = *new std::set<absl::string_view>{
      "bytes", "B",   "KB",  "MB",  "GB",  "TB",
      "PB",    "KiB", "MiB", "GiB", "TiB", "PiB"};
  if (words.size() < 6) return std::nullopt;
  RingRow row;
  row.address = words.front();
  row.token = words.back();
  words.pop_back();
  words.pop_back();  // the share
  const bool unit = units.contains(words.back());
  words.resize(words.size() - (unit ? 2 : 1));
  if (words.size() < 3) return std::nullopt;
  row.state = words.back();
  words.pop_back();
  row.rack = absl::StrJoin(words.begin() + 1, words.end(), " ");
  absl::string_view rack = row.rack;
  if (!absl::ConsumeSuffix(&rack, "Up") &&
      !absl::ConsumeSuffix(&rack, "Down") && !absl::ConsumeSuffix(&rack, "?")) {
    return std::nullopt;
  }
  row.rack = std::string(absl::StripTrailingAsciiWhitespace(rack));
  if (row.rack.empty()) return std::nullopt;
  return row;
}

// RingReader reads `nodetool ring`: for each data centre a heading, its largest
// token if it has several rows, and a row for each token.
class RingReader {
 public:
  RingReader(const std::string& source, Imported& imported)
      : place_{source, 0}, imported_(imported), owners_(imported) {}

  absl::Status Read(absl::string_view text) {
    for (const absl::string_view line : absl::StrSplit(text, '\n')) {
      ++place_.line;
      const Words words =
          absl::StrSplit(line, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
      if (words.empty()) continue;
      if (absl::Status status = ReadLine(words); !status.ok()) return status;
    }
    return EndDataCentre();
  }

 private:
  // Some versions print these lines above the first data centre, and others
  // below the last.
  static bool IsAdvice(const Words& words) {
    return words[0] == "Note:" || words[0] == "Warning:" ||
           (words.size() > 3 && words[0] == "To" && words[1] == "view") ||
           (words.size() > 2 && words[0] == "Picked" && words[1] == "up");
  }

  absl::Status ReadLine(const Words& words) {
    if (words[0] == "Datacenter:" && words.size() > 1) {
      absl::Status status = EndDataCentre();
      data_centre_ = absl::StrJoin(words.begin() + 1, words.end(), " ");
      return status;
    }
    const bool heading = (words[0] == "Address" && words.back() == "Token") ||
                         words[0].find_first_not_of('=') == std::string::npos;
    if (heading || IsAdvice(words)) return absl::OkStatus();
    if (words[0] == "Status=Up/Down" || words[0] == "|/" || words[0] == "--") {
      return ImportFault(place_,
                         "this is the output of nodetool status; import that "
                         "of nodetool ring");
    }
    if (data_centre_.empty()) {
      return ImportFault(place_,
                         "the row is before the first \"Datacenter:\" line");
    }
    if (words[0] == "Replicas:" && words.size() == 2) {
      imported_.replicas.push_back({place_, data_centre_, words[1]});
      return absl::OkStatus();
    }
    if (words.size() == 1) {
      auto token = ParseToken(place_, words[0]);
      if (!token.ok()) return token.status();
      greatest_ = *token;
      return absl::OkStatus();
    }
    return ReadRow(words);
  }

  absl::Status ReadRow(const Words& words) {
    const auto row = SplitRow(words);
    if (!row.has_value()) {
      return ImportFault(
          place_,
          "the line is not a row of address, rack, status, state, "
          "load, owns and token");
    }
    if (row->state != "Normal") {
      return ImportFault(
          place_,
          absl::StrCat("state ", Quoted(row->state),
                       " is not Normal; import when all nodes are Normal"));
    }
    auto token = ParseToken(place_, row->token);
    if (!token.ok()) return token.status();
    if (last_.has_value() && *token < *last_) {
      return ImportFault(place_, absl::StrCat("token ", *token,
                                              " is below that of the line "
                                              "above; nodetool sorts them"));
    }
    last_ = *token;
    ++rows_;
    return owners_.Add(place_, *token, row->address,
                       absl::StrCat(data_centre_, "/", row->rack));
  }

  // Checks the end of a data centre: its last row has the token that it began
  // with. A data centre of one row does not begin with its token.
  absl::Status EndDataCentre() {
    const bool one_row = rows_ == 1 && !greatest_.has_value();
    if (!data_centre_.empty() && !one_row &&
        (!last_.has_value() || greatest_ != last_)) {
      return ImportFault(place_,
                         absl::StrCat("data centre ", Quoted(data_centre_),
                                      " does not end with its largest token; "
                                      "the file may be truncated"));
    }
    greatest_.reset();
    last_.reset();
    rows_ = 0;
    return absl::OkStatus();
  }

  SourceLine place_;
  Imported& imported_;
  TokenOwners owners_;
  std::string data_centre_;
  std::optional<int64_t> greatest_;
  std::optional<int64_t> last_;
  size_t rows_ = 0;  // of the data centre
};

// RangeReader reads `nodetool describering`: an entry for each range of tokens.
// Cassandra prints an entry on one line. Its parts are separated by ", " or,
// in some versions, by nothing; pages and terminals wrap them.
class RangeReader {
 public:
  RangeReader(const std::string& source, Imported& imported)
      : place_{source, 0}, imported_(imported), owners_(imported) {}

  absl::Status Read(absl::string_view text) {
    std::string entry;
    SourceLine begin;
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      ++place_.line;
      line = absl::StripAsciiWhitespace(line);
      if (entry.empty()) {
        if (line.empty() || IsHeading(line)) continue;
        begin = place_;
      }
      const bool next = !entry.empty() && absl::StartsWith(line, "TokenRange(");
      if (next) return Incomplete(begin);
      absl::StrAppend(&entry, entry.empty() ? "" : " ", line);
      if (!absl::StartsWith(entry, "TokenRange(")) return Incomplete(begin);
      if (!absl::EndsWith(entry, "])")) continue;
      if (auto status = ReadRange(entry, begin); !status.ok()) return status;
      entry.clear();
    }
    if (!entry.empty()) return Incomplete(begin);
    return CheckClosed();
  }

 private:
  static bool IsHeading(absl::string_view line) {
    return absl::StartsWith(line, "Schema Version:") ||
           absl::StartsWith(line, "Keyspace:") || line == "TokenRange:" ||
           absl::StartsWith(line, "Picked up ");
  }

  static absl::Status Incomplete(const SourceLine& place) {
    return ImportFault(place, "the line is not a complete TokenRange(…)");
  }

  // Checks that each range begins where the range before it ends, so that none
  // is missing and none overlaps.
  absl::Status CheckClosed() const {
    if (ranges_.empty()) return absl::OkStatus();
    int64_t before = ranges_.rbegin()->first;
    for (const auto& [end, range] : ranges_) {
      if (range.start != before) {
        return ImportFault(
            {place_.source, range.line},
            absl::StrCat("the range begins at token ", range.start,
                         ", but the range before it ends at ", before,
                         "; the file may be truncated"));
      }
      before = end;
    }
    return absl::OkStatus();
  }

  // Returns the text of the details of `host`, up to their closing parenthesis;
  // nullopt if there are none. A rack can contain commas and parentheses.
  static std::optional<absl::string_view> DetailsOf(absl::string_view entry,
                                                    absl::string_view host) {
    const std::string name = absl::StrCat("(host:", host, ",");
    const size_t at = entry.find(name);
    if (at == absl::string_view::npos) return std::nullopt;
    absl::string_view details = entry.substr(at + name.size());
    const size_t next = details.find("EndpointDetails(");
    details = absl::StripTrailingAsciiWhitespace(details.substr(0, next));
    if (next == absl::string_view::npos) {
      absl::ConsumeSuffix(&details, "])");
    } else {
      absl::ConsumeSuffix(&details, ",");
    }
    details = absl::StripTrailingAsciiWhitespace(details);
    if (!absl::ConsumeSuffix(&details, ")")) return std::nullopt;
    return details;
  }

  // Reads the zone of `host` and compares it with those of earlier ranges.
  absl::StatusOr<std::string> ZoneOf(absl::string_view entry,
                                     const std::string& host,
                                     const SourceLine& place) {
    const auto details = DetailsOf(entry, host);
    const auto dc = Field(details.value_or(""), "datacenter:", ", rack:");
    if (!dc) {
      return ImportFault(
          place, absl::StrCat("no data centre and rack for ", Quoted(host),
                              " in endpoint_details"));
    }
    const absl::string_view mark = ", rack:";
    const absl::string_view rack =
        details->substr(details->find(mark) + mark.size());
    std::string zone = absl::StrCat(*dc, "/", rack);
    const auto [at, fresh] = zones_.try_emplace(host, zone, place.line);
    if (!fresh && at->second.first != zone) {
      return ImportFault(
          place,
          absl::StrCat("host ", Quoted(host), " is in rack ", Quoted(zone),
                       ", but on line ", at->second.second, " in ",
                       Quoted(at->second.first), "; use one rack"));
    }
    return zone;
  }

  // Returns the text between `name` and `stop`.
  static std::optional<std::string> Field(absl::string_view text,
                                          absl::string_view name,
                                          absl::string_view stop) {
    const size_t at = text.find(name);
    if (at == absl::string_view::npos) return std::nullopt;
    text.remove_prefix(at + name.size());
    const size_t end = text.find(stop);
    if (end == absl::string_view::npos) return std::nullopt;
    return std::string(text.substr(0, end));
  }

  // Returns the list `name`, which is not the end of a longer name.
  static std::optional<Words> List(absl::string_view text,
                                   absl::string_view name) {
    size_t at = text.find(name);
    while (at != absl::string_view::npos && at > 0 && text[at - 1] == '_') {
      at = text.find(name, at + 1);
    }
    if (at == absl::string_view::npos) return std::nullopt;
    const auto items = Field(text.substr(at), ":[", "]");
    // The brackets of IPv6 addresses with ports end the list too early.
    if (!items.has_value() || absl::StrContains(*items, "[")) {
      return std::nullopt;
    }
    return absl::StrSplit(*items, absl::ByAnyChar(", "), absl::SkipEmpty());
  }

  absl::Status ReadRange(absl::string_view entry, const SourceLine& place) {
    const auto start = Field(entry, "start_token:", ",");
    const auto end = Field(entry, "end_token:", "endpoints:");
    const auto hosts = List(entry, "endpoints:[");
    if (!start || !end || !hosts || hosts->empty()) return Incomplete(place);
    absl::string_view end_token = absl::StripAsciiWhitespace(*end);
    absl::ConsumeSuffix(&end_token, ",");
    auto from = ParseToken(place, *start);
    if (!from.ok()) return from.status();
    auto to = ParseToken(place, end_token);
    if (!to.ok()) return to.status();
    for (const std::string& host : *hosts) {
      auto zone = ZoneOf(entry, host, place);
      if (!zone.ok()) return zone.status();
    }
    ranges_.try_emplace(*to, Range{*from, place.line});
    imported_.owners.push_back({place, *to, *hosts});
    const std::string& host = hosts->front();
    return owners_.Add(place, *to, host, zones_.at(host).first);
  }

  SourceLine place_;
  Imported& imported_;
  TokenOwners owners_;
  struct Range {
    int64_t start;
    int line;
  };
  std::map<int64_t, Range> ranges_;  // by their end
  // Zone of each host, and the line that states it first.
  std::map<std::string, std::pair<std::string, int>> zones_;
};

}  // namespace

absl::StatusOr<Imported> ReadCassandra(absl::string_view text,
                                       const std::string& source) {
  Imported imported;
  imported.spec.set_layout(v1::LAYOUT_CASSANDRA);
  imported.key = "the serialised partition key";
  absl::Status status = CheckLastLine(text, source);
  if (!status.ok()) return status;
  status = absl::StrContains(text, "TokenRange")
               ? RangeReader(source, imported).Read(text)
               : RingReader(source, imported).Read(text);
  if (!status.ok()) return status;
  if (imported.nodes.empty()) {
    return ImportFault(
        {source, 0},
        "the file is not the output of nodetool ring or nodetool "
        "describering");
  }
  const bool positive = std::all_of(
      imported.nodes.begin(), imported.nodes.end(), [](const v1::Node& node) {
        return std::all_of(
            node.points().begin(), node.points().end(),
            [](uint64_t token) { return static_cast<int64_t>(token) >= 0; });
      });
  if (positive && imported.nodes.size() > 1) {
    imported.notes.emplace_back(
        "no token is negative; check that nodetool describecluster reports "
        "Murmur3Partitioner");
  }
  return imported;
}

}  // namespace clockwise::cli
