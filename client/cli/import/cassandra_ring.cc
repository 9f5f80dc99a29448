// Reads the tokens of Cassandra from the output of `nodetool ring` or `nodetool
// describering`.
#include <algorithm>
#include <map>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/cli/import/imported.h"
#include "service/api/refusal.h"

namespace clockwise::cli {
namespace {

using Words = std::vector<std::string>;

absl::StatusOr<int64_t> ParseToken(const SourceLine& place,
                                   absl::string_view text) {
  int64_t token = 0;
  if (absl::SimpleAtoi(text, &token)) return token;
  return ImportFault(place, absl::StrCat("token ", Quoted(text),
                                         " is not a signed 64-bit number; only "
                                         "Murmur3Partitioner is supported"));
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
    const auto [index, is_new] =
        nodes_.try_emplace(host, imported_.nodes.size());
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

// RingReader reads `nodetool ring`: for each data centre a heading, its largest
// token, and a row for each token.
class RingReader {
 public:
  RingReader(const std::string& source, Imported& imported)
      : place_{source, 0}, owners_(imported) {}

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
  absl::Status ReadLine(const Words& words) {
    if (words[0] == "Datacenter:" && words.size() == 2) {
      absl::Status status = EndDataCentre();
      data_centre_ = words[1];
      return status;
    }
    const bool heading = (words[0] == "Address" && words.back() == "Token") ||
                         words[0].find_first_not_of('=') == std::string::npos;
    const bool talk = absl::EndsWith(words[0], ":") || talk_;
    if (heading) return absl::OkStatus();
    if (talk && (words[0] == "Warning:" || words[0] == "Note:" || talk_)) {
      talk_ = true;  // the rest of the output is advice
      return absl::OkStatus();
    }
    if (data_centre_.empty()) {
      return ImportFault(place_,
                         "the row is before the first \"Datacenter:\" line");
    }
    if (words.size() == 1) {
      auto token = ParseToken(place_, words[0]);
      if (!token.ok()) return token.status();
      greatest_ = *token;
      return absl::OkStatus();
    }
    return ReadRow(words);
  }

  // Address, rack, status, state, load (in one or two words), owns, token.
  absl::Status ReadRow(const Words& words) {
    if (words.size() < 6 || words.size() > 8) {
      return ImportFault(
          place_,
          "the line is not a row of address, rack, status, state, "
          "load, owns and token");
    }
    if (words[3] != "Normal") {
      return ImportFault(
          place_,
          absl::StrCat("state ", Quoted(words[3]),
                       " is not Normal; import when all nodes are Normal"));
    }
    auto token = ParseToken(place_, words.back());
    if (!token.ok()) return token.status();
    last_ = *token;
    return owners_.Add(place_, *token, words[0],
                       absl::StrCat(data_centre_, "/", words[1]));
  }

  // Checks the end of a data centre: its last row has the token that it began
  // with.
  absl::Status EndDataCentre() {
    if (!data_centre_.empty() && (!last_.has_value() || greatest_ != last_)) {
      return ImportFault(place_,
                         absl::StrCat("data centre ", Quoted(data_centre_),
                                      " does not end with its largest token; "
                                      "the file may be truncated"));
    }
    greatest_.reset();
    last_.reset();
    return absl::OkStatus();
  }

  SourceLine place_;
  TokenOwners owners_;
  std::string data_centre_;
  std::optional<int64_t> greatest_;
  std::optional<int64_t> last_;
  bool talk_ = false;
};

// RangeReader reads `nodetool describering`: a line for each range of tokens.
class RangeReader {
 public:
  RangeReader(const std::string& source, Imported& imported)
      : place_{source, 0}, owners_(imported) {}

  absl::Status Read(absl::string_view text) {
    for (absl::string_view line : absl::StrSplit(text, '\n')) {
      ++place_.line;
      line = absl::StripAsciiWhitespace(line);
      if (line.empty() || absl::StartsWith(line, "Schema Version:") ||
          line == "TokenRange:") {
        continue;
      }
      if (absl::Status status = ReadRange(line); !status.ok()) return status;
    }
    for (const auto& [start, line] : starts_) {
      if (ends_.contains(start)) continue;
      return ImportFault({place_.source, line},
                         absl::StrCat("no range ends at token ", start,
                                      "; the file may be truncated"));
    }
    return absl::OkStatus();
  }

 private:
  // Returns the text between `name` and the first of `stops`.
  static std::optional<std::string> Field(absl::string_view text,
                                          absl::string_view name,
                                          absl::string_view stops) {
    const size_t at = text.find(name);
    if (at == absl::string_view::npos) return std::nullopt;
    text.remove_prefix(at + name.size());
    const size_t end = text.find_first_of(stops);
    if (end == absl::string_view::npos) return std::nullopt;
    return std::string(text.substr(0, end));
  }

  absl::Status ReadRange(absl::string_view line) {
    const auto start = Field(line, "start_token:", ",");
    const auto end = Field(line, "end_token:", ",");
    const auto host = Field(line, ", endpoints:[", ",]");
    if (!absl::StartsWith(line, "TokenRange(") || !absl::EndsWith(line, "])") ||
        !start || !end || !host || host->empty()) {
      return ImportFault(place_, "the line is not a complete TokenRange(…)");
    }
    auto from = ParseToken(place_, *start);
    if (!from.ok()) return from.status();
    auto to = ParseToken(place_, *end);
    if (!to.ok()) return to.status();
    const auto details = Field(line, absl::StrCat("(host:", *host, ","), ")");
    const auto dc = Field(details.value_or("") + ",", "datacenter:", ",");
    const auto rack = Field(details.value_or("") + ",", "rack:", ",");
    if (!dc || !rack) {
      return ImportFault(
          place_, absl::StrCat("no data centre and rack for ", Quoted(*host),
                               " in endpoint_details"));
    }
    starts_.emplace(*from, place_.line);
    ends_.emplace(*to, place_.line);
    return owners_.Add(place_, *to, *host, absl::StrCat(*dc, "/", *rack));
  }

  SourceLine place_;
  TokenOwners owners_;
  std::map<int64_t, int> starts_;
  std::map<int64_t, int> ends_;
};

}  // namespace

absl::StatusOr<Imported> ReadCassandra(absl::string_view text,
                                       const std::string& source) {
  Imported imported;
  imported.spec.set_layout(v1::LAYOUT_CASSANDRA);
  imported.key = "the serialised partition key";
  const absl::Status status = absl::StrContains(text, "TokenRange")
                                  ? RangeReader(source, imported).Read(text)
                                  : RingReader(source, imported).Read(text);
  if (!status.ok()) return status;
  if (imported.nodes.empty()) {
    return ImportFault(
        {source, 0},
        "the file is not the output of nodetool ring or nodetool "
        "describering");
  }
  return imported;
}

}  // namespace clockwise::cli
