// The replicas of Cassandra's NetworkTopologyStrategy, as its server (3.0 to
// trunk) computes them. Its drivers and version 2.x use another order. Pure.
#ifndef CLOCKWISE_SERVICE_RING_PROFILE_REPLICATION_H_
#define CLOCKWISE_SERVICE_RING_PROFILE_REPLICATION_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace clockwise::profile {

// The location of a member: "dc/rack". Without a slash, all is the data centre.
struct Location {
  std::string data_centre;
  std::string rack;
};
Location ParseLocation(absl::string_view zone);

class NetworkTopologyStrategy {
 public:
  // `locations`: one per member. `replicas`: number per data centre. Ignores
  // data centres without members, and members in other data centres.
  NetworkTopologyStrategy(std::span<const Location> locations,
                          const std::map<std::string, uint32_t>& replicas);

  // Returns the replicas of `slot` in the order of one clockwise walk, all data
  // centres interleaved. Chooses members of racks that are not yet used in
  // their data centre. Chooses members of used racks only as often as there are
  // more replicas than racks. `slot_members` is the member of each slot.
  std::vector<uint32_t> Replicas(std::span<const uint32_t> slot_members,
                                 size_t slot) const;

  // Returns the number of replicas of every slot: per data centre the requested
  // number, or the number of its members if that is lower.
  size_t replicas() const;

 private:
  struct Wanted {
    uint32_t left = 0;     // members still to be chosen
    uint32_t repeats = 0;  // of these, in used racks
  };
  static constexpr uint32_t kNone = ~0U;
  std::vector<uint32_t> dc_of_;    // by member; kNone: ignored
  std::vector<uint32_t> rack_of_;  // by member, over all data centres
  std::vector<Wanted> wanted_;     // by data centre
  uint32_t racks_ = 0;
};

}  // namespace clockwise::profile

#endif  // CLOCKWISE_SERVICE_RING_PROFILE_REPLICATION_H_
