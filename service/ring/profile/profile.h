// A profile is the placement rule of another system as data: the number and
// positions of a member's points, the order of members, the hash of keys, and
// the point that owns a key. The rings of all profiles are the same sorted
// array of ends, and every look-up is the same search: the first end >= the
// key. Pure.
//
// A profile computes the placement of a given membership. It does not reproduce
// what the other systems do when a member fails.
#ifndef CLOCKWISE_SERVICE_RING_PROFILE_PROFILE_H_
#define CLOCKWISE_SERVICE_RING_PROFILE_PROFILE_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "service/ring/profile/key_hashes.h"

namespace clockwise::profile {

// A node in the terms of the other system.
struct Member {
  // The text that is hashed: usually host and port, as the system writes them.
  // nginx: the parameter of `server`. HAProxy: the server's ID, decimal.
  std::string text;
  uint32_t weight = 1;
  // The tokens of Cassandra, or the slots of Redis Cluster.
  std::vector<int64_t> tokens;
  // npm hashring, uhashring: the member's own virtual nodes; 0: the default.
  uint32_t own_vnodes = 0;
  // Envoy with locality weighting; weight 0 leaves the locality out.
  std::string locality;
  uint32_t locality_weight = 1;
};

// Settings of a system's configuration, besides its members.
struct Settings {
  HashFunction key_hash = nullptr;
  uint32_t vnodes = 0;          // points or groups of points per unit of weight
  uint32_t words = 4;           // points per group: words of an MD5
  uint64_t min_size = 1024;     // Envoy and gRPC
  uint64_t max_size = 8388608;  // Envoy and gRPC
  HashFunction point_hash = nullptr;  // Envoy
  uint32_t table_size = 65537;        // Envoy's Maglev: a prime
  bool avalanche = false;             // HAProxy: mixes the hash of the key
  std::string hash_tag;               // twemproxy: two characters, or empty
  bool sort_hosts = false;            // libmemcached: by host, then by port
};

struct Point {
  uint64_t position;
  uint32_t member;
};

// kById: as configured; the caller keeps its members sorted by ID.
// kByHost: by host in byte order, then by port; no port is memcached's 11211.
enum class Order { kAsConfigured, kByText, kShorterFirst, kById, kByHost };
enum class Search { kFirstAtOrAfter, kFirstAfter, kNearest };
// Defines which of several points at one position owns it.
enum class Ties { kFirst, kLast };

// The settings that a profile's configuration accepts, and its requirements for
// members.
struct Takes {
  std::span<const NamedHash> key_hashes = {};
  uint32_t max_weight = 65535;  // 1: no weights
  bool zero_weight = false;     // a member may have weight 0
  bool vnodes = false;
  bool own_vnodes = false;
  bool points_per_hash = false;  // Settings::words
  bool ring_size = false;
  uint64_t most_ring_size = 0;  // bound of max_size
  bool point_hash = false;
  bool table_size = false;
  bool avalanche = false;
  bool hash_tag = false;
  bool sort_hosts = false;
  bool localities = false;
  bool data_centres = false;
  // If not 0, members must have tokens from 0 to `tokens` - 1. If `any_token`,
  // every 64-bit number is a token. Otherwise members have no tokens.
  uint32_t tokens = 0;
  bool any_token = false;
  bool numeric_text = false;  // a member's text is a number above 0
};

// The common part of both kinds of profiles, rings and tables.
struct Rule {
  const char* name;
  const char* reproduces;
  Order order;
  Settings defaults;
  Takes takes;
};

struct Profile : Rule {
  int position_bits;  // 32 or 64
  Search search;
  Ties ties;
  // Appends the points of `members`, member after member. `members` must be in
  // `order`.
  void (*append_points)(std::span<const Member> members,
                        const Settings& settings, std::vector<Point>& points);
  // Returns the number of points that append_points appends, or somewhat more.
  uint64_t (*most_points)(std::span<const Member> members,
                          const Settings& settings);
};

std::span<const Profile> Profiles();
// Returns the profile `name`; null if there is none.
const Profile* FindProfile(absl::string_view name);

// Returns the hash of `key` under these settings. Hashes only the tagged part
// if there is one that is not empty. Mixes the hash if `avalanche`.
uint64_t HashKeyBy(const Settings& settings, absl::string_view key);

// Returns the order of members under these settings.
Order OrderOf(const Rule& rule, const Settings& settings);

// Returns the indexes of `members` in this order.
std::vector<uint32_t> Ordered(Order order, std::span<const Member> members);

// Returns the members with these indexes.
std::vector<Member> Picked(std::span<const Member> members,
                           std::span<const uint32_t> indexes);

// The slots of a ring, in clockwise order. A slot owns the hashes from the
// previous end (exclusive) to its own (inclusive), wrapping. A 32-bit position
// is the high half of an end.
struct Slots {
  std::vector<uint64_t> ends;
  std::vector<uint32_t> members;  // indexes into the members as configured
};
Slots PlacePoints(const Profile& profile, const Settings& settings,
                  std::span<const Member> members);

// Returns the position of `key`, in the units of the ends.
uint64_t KeyPosition(const Profile& profile, const Settings& settings,
                     absl::string_view key);

}  // namespace clockwise::profile

#endif  // CLOCKWISE_SERVICE_RING_PROFILE_PROFILE_H_
