// A profile is the placement rule of another system as data: how many points a
// member gets and where, how members are ordered, how a key is hashed, and
// which point owns it. Rings of every profile are the same sorted array of
// ends, and every look-up is the same search: the first end >= the key. Pure.
//
// What the other systems do when a member fails is not reproduced: a profile
// gives the placement of a given membership.
#ifndef CLOCKWISE_SERVICE_RING_PROFILE_PROFILE_H_
#define CLOCKWISE_SERVICE_RING_PROFILE_PROFILE_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "service/ring/profile/key_hashes.h"

namespace clockwise::profile {

// A node as the other system was told of it.
struct Member {
  // What is hashed: mostly host and port as the system writes them; nginx: the
  // parameter of `server`; HAProxy: the server's id, decimal.
  std::string text;
  uint32_t weight = 1;
  // Cassandra: its tokens.
  std::vector<int64_t> tokens;
  // npm hashring, uhashring: the vnodes that it has of its own; 0: none.
  uint32_t own_vnodes = 0;
  // Envoy with locality weighting; a weight of 0 leaves the locality out.
  std::string locality;
  uint32_t locality_weight = 1;
};

// What a system's configuration sets beside its members.
struct Settings {
  HashFunction key_hash = nullptr;
  uint32_t vnodes = 0;          // points, or groups of points, a unit of weight
  uint32_t words = 4;           // points a group: words of an MD5
  uint64_t min_size = 1024;     // Envoy and gRPC
  uint64_t max_size = 8388608;  // Envoy and gRPC
  HashFunction point_hash = nullptr;  // Envoy
  uint32_t table_size = 65537;        // Envoy's Maglev: a prime
  bool avalanche = false;             // HAProxy: of the key's hash
  std::string hash_tag;               // twemproxy: two characters, or empty
};

struct Point {
  uint64_t position;
  uint32_t member;
};

// kById: as configured, by who keeps its members sorted by id.
enum class Order { kAsConfigured, kByText, kShorterFirst, kById };
enum class Search { kFirstAtOrAfter, kFirstAfter, kNearest };
// Which of several points at one position owns it.
enum class Ties { kFirst, kLast };

// What a profile's configuration may set, and of which members it consists.
struct Takes {
  std::span<const NamedHash> key_hashes = {};
  uint32_t max_weight = 65535;  // 1: no weights
  bool vnodes = false;
  bool own_vnodes = false;
  bool points_per_hash = false;  // Settings::words
  bool ring_size = false;
  uint64_t most_ring_size = 0;  // of max_size
  bool point_hash = false;
  bool table_size = false;
  bool avalanche = false;
  bool hash_tag = false;
  bool localities = false;
  bool data_centres = false;
  // Tokens, which its members must have, are from 0 to this, less one; 0: it
  // takes none, or (any_token) every number is one.
  uint32_t tokens = 0;
  bool any_token = false;
  bool numeric_text = false;  // a member's text is a number above 0
};

// What profiles of both kinds, rings and tables, have.
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
  // Appends the points of `members`, which are in `order`, one member's behind
  // another's.
  void (*append_points)(std::span<const Member> members,
                        const Settings& settings, std::vector<Point>& points);
  // As many as that appends, or somewhat more.
  uint64_t (*most_points)(std::span<const Member> members,
                          const Settings& settings);
};

std::span<const Profile> Profiles();
// Null if there is none.
const Profile* FindProfile(absl::string_view name);

// The hash of `key` by these settings: of its tagged part, if it has one (a tag
// with nothing in it is none), and mixed if `avalanche` says so.
uint64_t HashKeyBy(const Settings& settings, absl::string_view key);

// The indexes of `members` in the order that a profile puts them in.
std::vector<uint32_t> Ordered(Order order, std::span<const Member> members);

// The members of these indexes.
std::vector<Member> Picked(std::span<const Member> members,
                           std::span<const uint32_t> indexes);

// The slots of a ring, in clockwise order. A slot owns the hashes from the end
// before it (exclusive) to its own (inclusive), wrapping. Positions of 32 bits
// are the high half of an end.
struct Slots {
  std::vector<uint64_t> ends;
  std::vector<uint32_t> members;  // indexes into the members as configured
};
Slots PlacePoints(const Profile& profile, const Settings& settings,
                  std::span<const Member> members);

// Where `key` lies among the ends.
uint64_t KeyPosition(const Profile& profile, const Settings& settings,
                     absl::string_view key);

}  // namespace clockwise::profile

#endif  // CLOCKWISE_SERVICE_RING_PROFILE_PROFILE_H_
