// What the configuration of another system says of its placement. Each reader
// (a file a system) makes one of these from text, or names the line that it
// cannot take: nothing is guessed. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_IMPORT_IMPORTED_H_
#define CLOCKWISE_CLIENT_CLI_IMPORT_IMPORTED_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise::cli {

struct Imported {
  v1::RingSpec spec;            // without a name
  std::vector<v1::Node> nodes;  // in the order of the configuration
  std::vector<std::string> notes;
  std::string key;  // what the other system hashes, in its words
};

// Where a reader is: what it reads is called, and the line, from 1.
struct SourceLine {
  std::string source;
  int line = 0;
};

// Bad usage: "FILE:12: what".
absl::Status ImportFault(const SourceLine& place, absl::string_view what);

// Refuses a file whose last line does not end: it was cut. One that was cut
// between two lines is seen only where the format tells its end.
[[nodiscard]] absl::Status CheckLastLine(absl::string_view text,
                                         const std::string& source);

// Adds a node of the text that is hashed. Its id is that text, as far as an id
// may be so, and no other node's.
v1::Node& AddImportedNode(Imported& imported, absl::string_view hashed,
                          absl::string_view address, uint32_t weight);

// What libmemcached and twemproxy hash of a server: its host, and its port
// where that is not memcached's usual one.
std::string MemcachedText(absl::string_view host, absl::string_view port);
// memcached's usual port.
inline constexpr char kMemcachedPort[] = "11211";

// A whole number from `least` to `most`.
absl::StatusOr<uint32_t> ImportNumber(const SourceLine& place,
                                      absl::string_view name,
                                      absl::string_view text, uint32_t least,
                                      uint32_t most);

// The part of `text` that `name` is of: "nginx: upstream NAME".
absl::StatusOr<Imported> ReadNginx(absl::string_view text,
                                   const std::string& source,
                                   const std::string& upstream);
absl::StatusOr<Imported> ReadTwemproxy(absl::string_view text,
                                       const std::string& source,
                                       const std::string& pool);
// `consistent` is the layout of `hash-type consistent`: LAYOUT_HAPROXY_3 for
// HAProxy 3.0 and later, LAYOUT_HAPROXY before. The file does not say which.
absl::StatusOr<Imported> ReadHaproxy(absl::string_view text,
                                     const std::string& source,
                                     const std::string& backend,
                                     v1::Layout consistent);
// "host:port:weight,host:port,…"; `distribution` is ketama, ketama_weighted,
// spy, modula, or empty: ketama, weighted if a weight is above 1.
absl::StatusOr<Imported> ReadMemcached(const std::string& servers,
                                       const std::string& distribution);
// The output of nodetool ring or nodetool describering.
absl::StatusOr<Imported> ReadCassandra(absl::string_view text,
                                       const std::string& source);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_IMPORT_IMPORTED_H_
