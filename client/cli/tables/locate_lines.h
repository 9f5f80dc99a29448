// Functions that format the output of `clockwise locate`, one line per key.
// Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_TABLES_LOCATE_LINES_H_
#define CLOCKWISE_CLIENT_CLI_TABLES_LOCATE_LINES_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise::cli {

// Returns the position of a key; nullopt if this program does not have the
// layout.
using HashOf = std::function<std::optional<uint64_t>(absl::string_view key)>;

// Returns {"key", "epoch", "hash", "owners": [{"nodeId", "address", "zone"}…]}
// and a newline. While the ring migrates, also "previousRing", "previousEpoch"
// and "previousOwners". 64-bit numbers are decimal strings, as in the JSON of
// protobuf. A key that is not UTF-8 is "keyBase64" instead.
std::string JsonLine(absl::string_view key, const v1::LocateResponse& response);

// Returns one such line for each of `keys`, from `response`.
std::string JsonLines(
    const google::protobuf::RepeatedPtrField<std::string>& keys,
    const v1::BatchLocateResponse& response, const HashOf& hash_of);

// Returns a line per key: the key and the ids of its owners, primary first,
// separated by tabs. Control characters in keys are escaped (see Printable), so
// that each key is one line.
std::string TextLines(
    const google::protobuf::RepeatedPtrField<std::string>& keys,
    const v1::BatchLocateResponse& response);

// True if `response` is for `keys` keys and all its indexes are valid. The two
// functions above require this.
bool IsConsistent(const v1::BatchLocateResponse& response, int keys);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_TABLES_LOCATE_LINES_H_
