// Imported is the placement in another system's configuration. Each reader (one
// file per system) builds it from text, or returns an error for the line that
// it cannot import. It never guesses. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_IMPORT_IMPORTED_H_
#define CLOCKWISE_CLIENT_CLI_IMPORT_IMPORTED_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"

namespace clockwise::cli {

// The position of a reader: the name of the source, and the line, from 1.
// Line 0 stands for the whole source.
struct SourceLine {
  std::string source;
  int line = 0;
};

// The owners of the keys with one token, primary first, in the other system.
struct StatedOwners {
  SourceLine place;
  int64_t token = 0;
  std::vector<std::string> addresses;
};

// The number of replicas that a data centre has in the other system.
struct StatedReplicas {
  SourceLine place;
  std::string data_centre;
  std::string count;
};

struct Imported {
  v1::RingSpec spec;               // the name is not set
  std::vector<v1::Node> nodes;     // in the order of the configuration
  std::vector<SourceLine> places;  // of each node
  std::vector<std::string> notes;
  // Statements of the configuration about the ring. The ring must agree.
  std::vector<StatedOwners> owners;
  std::vector<StatedReplicas> replicas;
  std::string key;  // what the other system hashes, in its terms
};

// Returns bad usage: "FILE:12: what".
absl::Status ImportFault(const SourceLine& place, absl::string_view what);

// Rejects a file whose last line has no newline, because the file was
// truncated. A truncation between two lines is found only if the format has an
// end mark.
[[nodiscard]] absl::Status CheckLastLine(absl::string_view text,
                                         const std::string& source);

// Rejects one more server than `kMaxImportServers`, so that the time to read a
// file is bounded.
[[nodiscard]] absl::Status CheckServerCount(const SourceLine& place,
                                            size_t servers);

// Adds a node for the text that is hashed. Its id is that text as far as an id
// allows, made unique among the nodes.
v1::Node& AddImportedNode(Imported& imported, const SourceLine& place,
                          absl::string_view hashed, absl::string_view address,
                          uint32_t weight);

// Returns the text that libmemcached and twemproxy hash for a server: its host,
// and its port unless it is memcached's usual port.
std::string MemcachedText(absl::string_view host, absl::string_view port);
// memcached's usual port.
inline constexpr char kMemcachedPort[] = "11211";

// Parses a whole number from `least` to `most`, written in digits only.
absl::StatusOr<uint32_t> ImportNumber(const SourceLine& place,
                                      absl::string_view name,
                                      absl::string_view text, uint32_t least,
                                      uint32_t most);

// Reads one named part of a configuration. For nginx, the part is an upstream.
// `context` is http or stream; empty if the name is in one of them only.
absl::StatusOr<Imported> ReadNginx(absl::string_view text,
                                   const std::string& source,
                                   const std::string& upstream,
                                   const std::string& context = "");
absl::StatusOr<Imported> ReadTwemproxy(absl::string_view text,
                                       const std::string& source,
                                       const std::string& pool);
// `consistent` is the layout of `hash-type consistent`: LAYOUT_HAPROXY_3 for
// HAProxy 3.0 and later, LAYOUT_HAPROXY before. The file does not say which.
absl::StatusOr<Imported> ReadHaproxy(absl::string_view text,
                                     const std::string& source,
                                     const std::string& backend,
                                     v1::Layout consistent);
// Reads "host:port:weight,host:port,…". `distribution` is ketama,
// ketama_weighted, spy, modula, or empty. Empty means ketama, weighted if a
// weight is above 1.
absl::StatusOr<Imported> ReadMemcached(const std::string& servers,
                                       const std::string& distribution);
// Reads the output of nodetool ring or nodetool describering.
absl::StatusOr<Imported> ReadCassandra(absl::string_view text,
                                       const std::string& source);

// Reads the output of CLUSTER NODES, or the file nodes.conf of Redis.
absl::StatusOr<Imported> ReadRedisCluster(absl::string_view text,
                                          const std::string& source);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_IMPORT_IMPORTED_H_
