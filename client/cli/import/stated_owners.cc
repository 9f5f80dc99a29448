#include "client/cli/import/stated_owners.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/api/refusal.h"

namespace clockwise::cli {
namespace {

using Addresses = std::vector<std::string>;

// Returns the addresses of the owners of a token, primary first.
Addresses OwnersOfToken(const Ring& ring, int64_t token, size_t count) {
  std::vector<uint32_t> owners(std::min(count, ring.nodes().size()));
  // The ring orders tokens as unsigned numbers.
  KeyHash hash;
  hash.position = static_cast<uint64_t>(token) + (uint64_t{1} << 63);
  ring.OwnersOf(hash, owners);
  Addresses addresses;
  for (const uint32_t owner : owners) {
    addresses.push_back(ring.nodes()[owner]->address());
  }
  return addresses;
}

// The order of the owners after the primary does not matter: Cassandra sends a
// key to all of them.
bool SameOwners(Addresses a, Addresses b) {
  if (a.front() != b.front()) return false;
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

absl::Status CheckReplicas(const Imported& imported, const Ring& ring) {
  const auto& counts = ring.spec().settings().data_centre_replicas();
  for (const StatedReplicas& stated : imported.replicas) {
    const auto at = counts.find(stated.data_centre);
    const uint32_t count = counts.empty()       ? ring.spec().replica_count()
                           : at == counts.end() ? 0
                                                : at->second;
    if (counts.empty() && imported.replicas.size() > 1) {
      return ImportFault(stated.place,
                         "the data centres state their own replicas; set "
                         "data_centre_replicas");
    }
    if (absl::StrCat(count) == stated.count) continue;
    return ImportFault(
        stated.place,
        absl::StrCat("data centre ", Quoted(stated.data_centre), " has ",
                     stated.count, " replicas, but the ring would have ", count,
                     "; change --replicas, or set data_centre_replicas"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckStatedOwners(const Imported& imported, const Ring& ring,
                               bool chosen) {
  if (chosen) {
    absl::Status status = CheckReplicas(imported, ring);
    if (!status.ok()) return status;
  }
  for (const StatedOwners& stated : imported.owners) {
    const Addresses owners =
        OwnersOfToken(ring, stated.token, chosen ? ring.OwnersPerKey(0) : 1);
    const bool same = chosen ? SameOwners(owners, stated.addresses)
                             : owners.front() == stated.addresses.front();
    if (same) continue;
    return ImportFault(
        stated.place,
        absl::StrCat(
            "the endpoints are ", absl::StrJoin(stated.addresses, ", "),
            ", but the ring would have ", absl::StrJoin(owners, ", "),
            "; change --replicas, or set data_centre_replicas. Tablets "
            "are not supported"));
  }
  return absl::OkStatus();
}

}  // namespace clockwise::cli
