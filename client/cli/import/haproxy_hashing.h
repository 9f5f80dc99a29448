// The directives of HAProxy that decide how a backend hashes keys.
#ifndef CLOCKWISE_CLIENT_CLI_IMPORT_HAPROXY_HASHING_H_
#define CLOCKWISE_CLIENT_CLI_IMPORT_HAPROXY_HASHING_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/cli/import/imported.h"

namespace clockwise::cli {

// A directive of which the last one applies.
struct HaproxySetting {
  std::vector<std::string> words;  // empty: not set
  SourceLine place;
};

struct HaproxyHashing {
  HaproxySetting balance;
  HaproxySetting hash_type;
  HaproxySetting mode;
  HaproxySetting state_file;
  std::vector<HaproxySetting> rewrites;  // http-request lines
};

// Sets the layout, its settings, the key and the notes of `imported`. `backend`
// is the line where the backend begins, `consistent` the layout of `hash-type
// consistent`. Fails with the line of a directive that does not hash keys, or
// that HAProxy rejects.
[[nodiscard]] absl::Status ReadHaproxyHashing(const HaproxyHashing& hashing,
                                              const SourceLine& backend,
                                              v1::Layout consistent,
                                              Imported& imported);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_IMPORT_HAPROXY_HASHING_H_
