// The lines that `clockwise locate` prints, one per key. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_TABLES_LOCATE_LINES_H_
#define CLOCKWISE_CLIENT_CLI_TABLES_LOCATE_LINES_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise::cli {

// The position of a key; nothing where this program does not know the layout.
using HashOf = std::function<std::optional<uint64_t>(absl::string_view key)>;

// {"key", "epoch", "hash", "owners": [{"nodeId", "address", "zone"}…]} and a
// line's end; while the ring migrates also "previousRing", "previousEpoch" and
// "previousOwners"; 64-bit numbers as decimal strings, as protobuf maps them. A
// key that is not UTF-8 is "keyBase64" instead.
std::string JsonLine(absl::string_view key, const v1::LocateResponse& response);

// Such a line for each of `keys`, answered by `response`.
std::string JsonLines(
    const google::protobuf::RepeatedPtrField<std::string>& keys,
    const v1::BatchLocateResponse& response, const HashOf& hash_of);

// The key and the ids of its owners, primary first, parted by tabs: a line per
// key. Control characters in keys are escaped (see Printable), so that a line
// stays a line.
std::string TextLines(
    const google::protobuf::RepeatedPtrField<std::string>& keys,
    const v1::BatchLocateResponse& response);

// Whether `response` answers for `keys` keys with indexes that exist: what the
// two functions above rely on.
bool IsConsistent(const v1::BatchLocateResponse& response, int keys);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_TABLES_LOCATE_LINES_H_
