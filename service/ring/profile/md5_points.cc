// Ketama and related systems: points are the words of MD5("text-j"). The
// systems differ in the number of groups of words per member.
#include <cmath>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "service/ring/profile/block_hashes.h"
#include "service/ring/profile/points.h"

namespace clockwise::profile {
namespace {

// Returns the virtual nodes of a member of uhashring: its own, or the default.
uint64_t VnodesOf(const Member& member, const Settings& settings) {
  return member.own_vnodes != 0 ? member.own_vnodes : settings.vnodes;
}

// Appends `groups_of(member, total weight, number of members)` groups of
// `words` points for each member. Appends none if the total weight is 0.
template <typename GroupsOf>
void AppendGroups(Members members, uint32_t words, Points& points,
                  GroupsOf groups_of) {
  uint64_t total = 0;
  for (const Member& member : members) total += member.weight;
  if (total == 0) return;
  for (uint32_t i = 0; i < members.size(); ++i) {
    const uint64_t groups = groups_of(members[i], total, members.size());
    for (uint64_t j = 0; j < groups; ++j) {
      const auto of_group = Md5Words(absl::StrCat(members[i].text, "-", j));
      for (uint32_t word = 0; word < words; ++word) {
        points.push_back({of_group[word], i});
      }
    }
  }
}

}  // namespace

// Computes in binary32. 25 equal members get 156 points each, not 160.
void AppendLibmemcachedWeighted(Members members, const Settings& settings,
                                Points& points) {
  AppendGroups(members, 4, points,
               [&](const Member& member, uint64_t total, size_t count) {
                 const float part = static_cast<float>(member.weight) /
                                    static_cast<float>(total);
                 float groups = part * static_cast<float>(4 * settings.vnodes);
                 groups = groups / 4.0F;
                 groups = groups * static_cast<float>(count);
                 groups = groups + 1e-10F;
                 return static_cast<uint64_t>(std::floor(groups));
               });
}

// Computes in binary64, but the quotient and the result in binary32.
void AppendLibketama(Members members, const Settings& settings,
                     Points& points) {
  AppendGroups(
      members, 4, points,
      [&](const Member& member, uint64_t total, size_t count) {
        const float part =
            static_cast<float>(member.weight) / static_cast<float>(total);
        const double exact = static_cast<double>(part) *
                             static_cast<double>(settings.vnodes) *
                             static_cast<double>(static_cast<float>(count));
        return static_cast<uint64_t>(std::floor(static_cast<float>(exact)));
      });
}

// Computes in integers.
void AppendUhashringKetama(Members members, const Settings& settings,
                           Points& points) {
  AppendGroups(members, 4, points,
               [&](const Member& member, uint64_t total, size_t count) {
                 return VnodesOf(member, settings) * count * member.weight /
                        total;
               });
}

// A whole MD5 is one point. Only the first 64 of its 128 bits are used.
void AppendUhashringDefault(Members members, const Settings& settings,
                            Points& points) {
  for (uint32_t i = 0; i < members.size(); ++i) {
    const uint64_t count = VnodesOf(members[i], settings) * members[i].weight;
    for (uint64_t j = 0; j < count; ++j) {
      points.push_back({Md5TopBits(absl::StrCat(members[i].text, "-", j)), i});
    }
  }
}

// Computes in binary64, from left to right. 7 equal members get 156 points
// each.
void AppendNpmHashring(Members members, const Settings& settings,
                       Points& points) {
  AppendGroups(members, settings.words, points,
               [&](const Member& member, uint64_t total, size_t count) {
                 const uint32_t own = member.own_vnodes;
                 if (own != 0 && own != settings.vnodes) return uint64_t{own};
                 double groups = static_cast<double>(member.weight) /
                                 static_cast<double>(total);
                 groups = groups * static_cast<double>(settings.vnodes);
                 groups = groups * static_cast<double>(count);
                 return static_cast<uint64_t>(std::floor(groups));
               });
}

}  // namespace clockwise::profile
