#include "client/cli/import/imported.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/cli/failure.h"
#include "client/cli/text.h"
#include "service/api/refusal.h"
#include "service/limits.h"

namespace clockwise::cli {
namespace {

// Returns `text` with characters that are not valid in an id replaced by "_".
std::string IdOf(absl::string_view text) {
  std::string id(text.substr(0, limits::kMaxIdBytes - 8));
  std::replace_if(
      id.begin(), id.end(),
      [](unsigned char c) {
        return !absl::ascii_isalnum(c) &&
               absl::string_view("._-:/").find(static_cast<char>(c)) ==
                   absl::string_view::npos;
      },
      '_');
  if (id.empty() || !absl::ascii_isalnum(static_cast<unsigned char>(id[0]))) {
    id = absl::StrCat("n", id);
  }
  return id;
}

}  // namespace

absl::Status ImportFault(const SourceLine& place, absl::string_view what) {
  return BadUsage(place.line == 0 ? absl::StrCat(place.source, ": ", what)
                                  : absl::StrCat(place.source, ":", place.line,
                                                 ": ", what));
}

absl::Status CheckLastLine(absl::string_view text, const std::string& source) {
  if (text.empty() || text.back() == '\n') return absl::OkStatus();
  const auto lines = 1 + std::count(text.begin(), text.end(), '\n');
  return ImportFault({source, static_cast<int>(lines)},
                     "the last line has no newline; the file may be truncated");
}

absl::Status CheckServerCount(const SourceLine& place, size_t servers) {
  if (servers < limits::kMaxImportServers) return absl::OkStatus();
  return ImportFault(place, absl::StrCat("the file has more than ",
                                         Grouped(limits::kMaxImportServers),
                                         " servers; use at most that many"));
}

v1::Node& AddImportedNode(Imported& imported, const SourceLine& place,
                          absl::string_view hashed, absl::string_view address,
                          uint32_t weight) {
  const std::string wanted = IdOf(hashed);
  std::string id = wanted;
  const auto taken = [&] {
    return std::any_of(imported.nodes.begin(), imported.nodes.end(),
                       [&](const v1::Node& node) { return node.id() == id; });
  };
  for (int i = 2; taken(); ++i) id = absl::StrCat(wanted, "_", i);
  imported.places.push_back(place);
  v1::Node& node = imported.nodes.emplace_back();
  node.set_id(id);
  if (hashed != id) node.set_hash_key(std::string(hashed));
  node.set_address(std::string(address));
  node.set_weight(weight);
  return node;
}

std::string MemcachedText(absl::string_view host, absl::string_view port) {
  return port == kMemcachedPort ? std::string(host)
                                : absl::StrCat(host, ":", port);
}

absl::StatusOr<uint32_t> ImportNumber(const SourceLine& place,
                                      absl::string_view name,
                                      absl::string_view text, uint32_t least,
                                      uint32_t most) {
  // Digits only: the other systems reject signs and blanks.
  const bool digits =
      std::all_of(text.begin(), text.end(),
                  [](unsigned char c) { return absl::ascii_isdigit(c); });
  uint32_t number = 0;
  if (digits && absl::SimpleAtoi(text, &number) && number >= least &&
      number <= most) {
    return number;
  }
  return ImportFault(
      place, absl::StrCat(name, " ", Quoted(text),
                          " is not a whole number from ", least, " to ", most));
}

}  // namespace clockwise::cli
