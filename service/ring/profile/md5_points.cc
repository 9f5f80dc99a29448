// Ketama and its relatives: points are the words of MD5("text-j"). They differ
// in how many groups of words a member gets.
#include <cmath>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "service/ring/profile/block_hashes.h"
#include "service/ring/profile/points.h"

namespace clockwise::profile {
namespace {

// uhashring: a member's own vnodes, or everybody's.
uint64_t VnodesOf(const Member& member, const Settings& settings) {
  return member.own_vnodes != 0 ? member.own_vnodes : settings.vnodes;
}

uint64_t TotalWeight(Members members) {
  uint64_t total = 0;
  for (const Member& member : members) total += member.weight;
  return total;
}

void AppendGroups(Members members, uint32_t member, uint64_t groups,
                  uint32_t words, Points& points) {
  for (uint64_t j = 0; j < groups; ++j) {
    const auto of_group = Md5Words(absl::StrCat(members[member].text, "-", j));
    for (uint32_t word = 0; word < words; ++word) {
      points.push_back({of_group[word], member});
    }
  }
}

}  // namespace

// In binary32. 25 equal members get 156 points each, not 160.
void AppendLibmemcachedWeighted(Members members, const Settings& settings,
                                Points& points) {
  const auto total = static_cast<float>(TotalWeight(members));
  if (total == 0) return;
  const auto count = static_cast<float>(members.size());
  for (uint32_t i = 0; i < members.size(); ++i) {
    const float part = static_cast<float>(members[i].weight) / total;
    float groups = part * static_cast<float>(4 * settings.vnodes);
    groups = groups / 4.0F;
    groups = groups * count;
    groups = groups + 1e-10F;
    AppendGroups(members, i, static_cast<uint64_t>(std::floor(groups)), 4,
                 points);
  }
}

// In binary64 but for the quotient and the result.
void AppendLibketama(Members members, const Settings& settings,
                     Points& points) {
  const auto total = static_cast<float>(TotalWeight(members));
  if (total == 0) return;
  const auto count = static_cast<float>(members.size());
  for (uint32_t i = 0; i < members.size(); ++i) {
    const float part = static_cast<float>(members[i].weight) / total;
    const double exact = static_cast<double>(part) *
                         static_cast<double>(settings.vnodes) *
                         static_cast<double>(count);
    AppendGroups(members, i,
                 static_cast<uint64_t>(std::floor(static_cast<float>(exact))),
                 4, points);
  }
}

// In integers.
void AppendUhashringKetama(Members members, const Settings& settings,
                           Points& points) {
  const uint64_t total = TotalWeight(members);
  if (total == 0) return;
  for (uint32_t i = 0; i < members.size(); ++i) {
    const uint64_t groups = VnodesOf(members[i], settings) * members.size() *
                            members[i].weight / total;
    AppendGroups(members, i, groups, 4, points);
  }
}

// The whole MD5 is a point; of its 128 bits the first 64 decide.
void AppendUhashringDefault(Members members, const Settings& settings,
                            Points& points) {
  for (uint32_t i = 0; i < members.size(); ++i) {
    const uint64_t count = VnodesOf(members[i], settings) * members[i].weight;
    for (uint64_t j = 0; j < count; ++j) {
      points.push_back({Md5TopBits(absl::StrCat(members[i].text, "-", j)), i});
    }
  }
}

// In binary64, from left to right. 7 equal members get 156 points each.
void AppendNpmHashring(Members members, const Settings& settings,
                       Points& points) {
  const auto total = static_cast<double>(TotalWeight(members));
  if (total == 0) return;
  const auto count = static_cast<double>(members.size());
  for (uint32_t i = 0; i < members.size(); ++i) {
    const uint32_t own = members[i].own_vnodes;
    double groups = static_cast<double>(members[i].weight) / total;
    groups = groups * static_cast<double>(settings.vnodes);
    groups = groups * count;
    AppendGroups(members, i,
                 own != 0 && own != settings.vnodes
                     ? own
                     : static_cast<uint64_t>(std::floor(groups)),
                 settings.words, points);
  }
}

}  // namespace clockwise::profile
