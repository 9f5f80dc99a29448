#include "service/rpc/server_status.h"

#include <algorithm>
#include <chrono>

#include "absl/time/clock.h"

namespace clockwise {
namespace {

void Set(absl::Time time, google::protobuf::Timestamp* timestamp) {
  timestamp->set_seconds(absl::ToUnixSeconds(time));
  timestamp->set_nanos(
      static_cast<int32_t>(absl::ToUnixNanos(time) % 1'000'000'000));
}

uint64_t UnconfirmedMs(const Membership& membership) {
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - membership.Confirmed());
  return static_cast<uint64_t>(std::max<int64_t>(age.count(), 0));
}

}  // namespace

v1::GetStatusResponse StatusOf(const Membership& membership,
                               const WatchFigures& watches,
                               const ServerFacts& facts,
                               const Readable& readable) {
  v1::GetStatusResponse response;
  response.set_version(facts.version);
  response.set_store(facts.store);
  Set(absl::Now(), response.mutable_time());
  Set(facts.started, response.mutable_started());
  response.set_store_up(membership.store_up());
  response.set_ready(membership.Ready().ok());
  if (response.ready()) response.set_unconfirmed_ms(UnconfirmedMs(membership));
  response.set_watch_lag_epochs(watches.lag_epochs);
  for (const auto& [ring, streams] : watches.streams) {
    response.set_watch_streams(response.watch_streams() + streams);
  }
  if (facts.certificate_expires) {
    if (const auto expires = facts.certificate_expires()) {
      Set(*expires, response.mutable_certificate_expires());
    }
  }
  for (const StatePtr& state : membership.Rings()) {
    if (!readable(state->name())) continue;
    v1::RingStatus& ring = *response.add_rings();
    *ring.mutable_info() = InfoOf(*state);
    *ring.mutable_balance() = state->measured.balance;
    const auto streams = watches.streams.find(state->name());
    if (streams != watches.streams.end()) {
      ring.set_watch_streams(streams->second);
    }
  }
  return response;
}

}  // namespace clockwise
