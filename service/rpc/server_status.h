// Builds the answer of GetStatus. Stateless.
#ifndef CLOCKWISE_SERVICE_RPC_SERVER_STATUS_H_
#define CLOCKWISE_SERVICE_RPC_SERVER_STATUS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "clockwise/v1/placement.pb.h"
#include "service/membership/membership.h"
#include "service/metrics/rpc_stats.h"
#include "service/rpc/requests.h"
#include "service/store/store.h"

namespace clockwise {

// The facts that only the program knows.
struct ServerFacts {
  std::string version;
  std::string store;  // value of --store
  absl::Time started;
  uint64_t instance = 0;  // random
  // Returns when the certificate expires. Null, or nullopt: plaintext.
  std::function<std::optional<absl::Time>()> certificate_expires;
  // Returns the servers of the store. Null: none.
  std::function<Store::ServerList()> servers;
};

// Returns the status without `draining`, with the rings that are `readable`.
v1::GetStatusResponse StatusOf(const Membership& membership,
                               const WatchFigures& watches,
                               const ServerFacts& facts,
                               const Readable& readable);

// Removes what only operators may see: the store's address ("etcd:" remains of
// etcd:HOST:PORT), its servers, and reasons, which name addresses or paths.
void HideStore(v1::GetStatusResponse& status);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_SERVER_STATUS_H_
