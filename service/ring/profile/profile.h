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

using HashFunction = uint64_t (*)(absl::string_view key);

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

enum class Order { kAsConfigured, kByText, kShorterFirst };
enum class Search { kFirstAtOrAfter, kFirstAfter, kNearest };
// Which of several points at one position owns it.
enum class Ties { kFirst, kLast };

struct Profile {
  const char* name;
  const char* reproduces;
  int position_bits;  // 32 or 64
  Order order;
  Search search;
  Ties ties;
  Settings defaults;
  // Appends the points of `members`, which are in `order`.
  void (*append_points)(std::span<const Member> members,
                        const Settings& settings, std::vector<Point>& points);
};

std::span<const Profile> Profiles();
// Null if there is none.
const Profile* FindProfile(absl::string_view name);

// The hash that libmemcached, twemproxy and HAProxy configure as `name`
// ("default" is one_at_a_time); null if there is none.
HashFunction FindKeyHash(absl::string_view name);

// The hash of `key` by these settings: of its tagged part, if it has one (a tag
// with nothing in it is none), and mixed if `avalanche` says so.
uint64_t HashKeyBy(const Settings& settings, absl::string_view key);

// The indexes of `members` in the order that the profile puts them in.
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
Slots Place(const Profile& profile, const Settings& settings,
            std::span<const Member> members);

// Where `key` lies among the ends.
uint64_t KeyPosition(const Profile& profile, const Settings& settings,
                     absl::string_view key);

}  // namespace clockwise::profile

#endif  // CLOCKWISE_SERVICE_RING_PROFILE_PROFILE_H_
