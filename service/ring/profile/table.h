// Defines as data the placement of systems without a ring: a function computes
// a key's slot, and a table holds the member of each slot. See profile.h. Pure.
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
  // Returns the number of a key; its slot is that number mod the table's size.
  absl::uint128 (*number)(absl::string_view key, const Settings& settings);
  // Returns the member of each slot: indexes into `members`, which must be in
  // `order`. Empty if no member has a weight. Redis: empty if not every slot
  // has exactly one member.
  std::vector<uint32_t> (*slots)(std::span<const Member> members,
                                 const Settings& settings);
  // Returns the number of slots, or more.
  uint64_t (*most_slots)(std::span<const Member> members,
                         const Settings& settings);
  // Returns the cost of `slots`, in steps.
  uint64_t (*work)(std::span<const Member> members, const Settings& settings);
};

std::span<const TableProfile> TableProfiles();
// Returns the profile `name`; null if there is none.
const TableProfile* FindTableProfile(absl::string_view name);

// Returns the member of each slot: indexes into the members as configured.
std::vector<uint32_t> PlaceTable(const TableProfile& profile,
                                 const Settings& settings,
                                 std::span<const Member> members);

}  // namespace clockwise::profile

#endif  // CLOCKWISE_SERVICE_RING_PROFILE_TABLE_H_
