#include "service/rpc/server_status.h"

#include <algorithm>
#include <limits>
#include <string>

#include "absl/time/clock.h"
#include "service/membership/timestamp.h"

namespace clockwise {

namespace {

void AddServers(const Store::ServerList& list,
                v1::GetStatusResponse& response) {
  for (const stored::v1::ServerEntry& entry : list.servers) {
    v1::StoreServer& server = *response.add_store_servers();
    server.set_instance(entry.instance());
    server.set_address(entry.address());
    server.set_version(entry.version());
    *server.mutable_start_time() = entry.start_time();
  }
  response.set_store_server_count(static_cast<uint32_t>(
      std::min<uint64_t>(list.count, std::numeric_limits<uint32_t>::max())));
  response.set_listing_failure(std::string(list.listed.message()));
}

}  // namespace

v1::GetStatusResponse StatusOf(const Membership& membership,
                               const WatchFigures& watches,
                               const ServerFacts& facts,
                               const Readable& readable) {
  v1::GetStatusResponse response;
  response.set_version(facts.version);
  response.set_store(facts.store);
  response.set_instance(facts.instance);
  *response.mutable_server_time() = ToTimestamp(absl::Now());
  *response.mutable_start_time() = ToTimestamp(facts.started);
  response.set_store_up(membership.store_up());
  response.set_store_distrust(std::string(membership.store_trust().message()));
  if (const auto refusal = membership.store_refusal()) {
    response.set_store_refusal(refusal->reason);
    *response.mutable_store_refusal_time() = ToTimestamp(refusal->since);
  }
  if (facts.servers) AddServers(facts.servers(), response);
  response.set_ready(membership.Ready().ok());
  if (response.ready()) {
    response.set_unconfirmed_ms(UnconfirmedMs(membership.Unconfirmed()));
  }
  response.set_watch_lag_epochs(watches.lag_epochs);
  for (const auto& [ring, streams] : watches.streams) {
    response.set_watch_stream_count(response.watch_stream_count() + streams);
  }
  if (facts.certificate_expires) {
    if (const auto expires = facts.certificate_expires()) {
      *response.mutable_certificate_expire_time() = ToTimestamp(*expires);
    }
  }
  for (const StatePtr& state : membership.Rings()) {
    if (!readable(state->name())) continue;
    v1::RingStatus& ring = *response.add_rings();
    *ring.mutable_info() = InfoOf(*state);
    *ring.mutable_balance() = state->measured.balance;
    const auto streams = watches.streams.find(state->name());
    if (streams != watches.streams.end()) {
      ring.set_watch_stream_count(streams->second);
    }
  }
  return response;
}

void HideStore(v1::GetStatusResponse& status) {
  std::string& store = *status.mutable_store();
  store.resize(std::min(store.size(), store.find(':') + 1));
  status.clear_store_distrust();
  status.clear_store_refusal();
  status.clear_store_servers();
  status.clear_store_server_count();
  status.clear_listing_failure();
}

}  // namespace clockwise
