// The placement of systems that have no ring: a function gives a key's slot,
// and a table tells whose each slot is. As data, like profile.h. Pure.
#ifndef CLOCKWISE_SERVICE_RING_PROFILE_TABLE_H_
#define CLOCKWISE_SERVICE_RING_PROFILE_TABLE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/strings/string_view.h"
#include "service/ring/profile/profile.h"

namespace clockwise::profile {

struct TableProfile : Rule {
  int number_bits;  // 64 or 128
  // The number that a key stands for; its slot is that mod the table's size.
  absl::uint128 (*number)(absl::string_view key, const Settings& settings);
  // Whose each slot is: indexes into `members`, which are in `order`. Empty if
  // no member has a weight (Redis: if not every slot is one member's).
  std::vector<uint32_t> (*slots)(std::span<const Member> members,
                                 const Settings& settings);
  // How many slots those are, or more.
  uint64_t (*most_slots)(std::span<const Member> members,
                         const Settings& settings);
  // What finding them costs, in steps.
  uint64_t (*work)(std::span<const Member> members, const Settings& settings);
};

std::span<const TableProfile> TableProfiles();
// Null if there is none.
const TableProfile* FindTableProfile(absl::string_view name);

// Whose each slot is: indexes into the members as configured.
std::vector<uint32_t> PlaceTable(const TableProfile& profile,
                                 const Settings& settings,
                                 std::span<const Member> members);

}  // namespace clockwise::profile

#endif  // CLOCKWISE_SERVICE_RING_PROFILE_TABLE_H_
