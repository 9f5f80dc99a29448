#include "service/ring/profile/replication.h"

#include <algorithm>
#include <utility>

namespace clockwise::profile {

Location ParseLocation(absl::string_view zone) {
  const size_t slash = zone.find('/');
  if (slash == absl::string_view::npos) return {std::string(zone), ""};
  return {std::string(zone.substr(0, slash)),
          std::string(zone.substr(slash + 1))};
}

NetworkTopologyStrategy::NetworkTopologyStrategy(
    std::span<const Location> locations,
    const std::map<std::string, uint32_t>& replicas) {
  std::map<std::string, uint32_t> dcs;
  std::map<std::pair<std::string, std::string>, uint32_t> racks;
  std::vector<uint32_t> members;  // by data centre
  std::vector<uint32_t> racks_in;
  for (const Location& location : locations) {
    const auto at = replicas.find(location.data_centre);
    const auto [rack, is_new_rack] =
        racks.try_emplace({location.data_centre, location.rack},
                          static_cast<uint32_t>(racks.size()));
    rack_of_.push_back(rack->second);
    if (at == replicas.end() || at->second == 0) {
      dc_of_.push_back(kNone);
      continue;
    }
    const auto [dc, is_new] = dcs.try_emplace(
        location.data_centre, static_cast<uint32_t>(dcs.size()));
    if (is_new) {
      wanted_.push_back({at->second, 0});
      members.push_back(0);
      racks_in.push_back(0);
    }
    dc_of_.push_back(dc->second);
    ++members[dc->second];
    if (is_new_rack) ++racks_in[dc->second];
  }
  racks_ = static_cast<uint32_t>(racks.size());
  for (size_t dc = 0; dc < wanted_.size(); ++dc) {
    const uint32_t asked = wanted_[dc].left;
    wanted_[dc].repeats = asked - std::min(asked, racks_in[dc]);
    wanted_[dc].left = std::min(asked, members[dc]);
  }
}

size_t NetworkTopologyStrategy::replicas() const {
  size_t count = 0;
  for (const Wanted& in_dc : wanted_) count += in_dc.left;
  return count;
}

std::vector<uint32_t> NetworkTopologyStrategy::Replicas(
    std::span<const uint32_t> slot_members, size_t slot) const {
  std::vector<Wanted> wanted = wanted_;
  std::vector<bool> used(racks_);
  std::vector<uint32_t> found;
  const size_t left = replicas();
  const size_t count = slot_members.size();
  for (size_t step = 0; step < count && found.size() < left; ++step) {
    const uint32_t member = slot_members[(slot + step) % count];
    if (dc_of_[member] == kNone) continue;
    Wanted& in_dc = wanted[dc_of_[member]];
    if (in_dc.left == 0 ||
        std::find(found.begin(), found.end(), member) != found.end()) {
      continue;
    }
    if (used[rack_of_[member]]) {
      if (in_dc.repeats == 0) continue;
      --in_dc.repeats;
    }
    used[rack_of_[member]] = true;
    --in_dc.left;
    found.push_back(member);
  }
  return found;
}

}  // namespace clockwise::profile
