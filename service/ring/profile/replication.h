// Cassandra's replicas of a key by its NetworkTopologyStrategy, as its server
// (3.0 to trunk) computes them. Its drivers and 2.x give another order. Pure.
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

// Where a member is: "dc/rack". Without a slash it is all data centre.
struct Location {
  std::string data_centre;
  std::string rack;
};
Location ParseLocation(absl::string_view zone);

class NetworkTopologyStrategy {
 public:
  // `locations`: of each member; `replicas`: wanted in each data centre. Data
  // centres without members, and members in others, play no part.
  NetworkTopologyStrategy(std::span<const Location> locations,
                          const std::map<std::string, uint32_t>& replicas);

  // In one walk clockwise from `slot`: members of racks not yet used in their
  // data centre, and of used ones as often as there are more replicas than
  // racks; in the order met, all data centres interleaved.
  // `slot_members` is whose each slot is.
  std::vector<uint32_t> Replicas(std::span<const uint32_t> slot_members,
                                 size_t slot) const;

  // Of every slot: of each data centre as many as are wanted, or as it has.
  size_t replicas() const;

 private:
  struct Wanted {
    uint32_t left = 0;     // members still to be taken
    uint32_t repeats = 0;  // of which in used racks
  };
  static constexpr uint32_t kNone = ~0U;
  std::vector<uint32_t> dc_of_;    // by member; kNone: plays no part
  std::vector<uint32_t> rack_of_;  // by member, over all data centres
  std::vector<Wanted> wanted_;     // by data centre
  uint32_t racks_ = 0;
};

}  // namespace clockwise::profile

#endif  // CLOCKWISE_SERVICE_RING_PROFILE_REPLICATION_H_
