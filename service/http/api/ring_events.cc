#include "service/http/api/ring_events.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "service/api/json.h"

namespace clockwise {
namespace {

std::string Event(const v1::RingEpoch& ring) {
  return absl::StrCat("event: ring\ndata: ", ToJson(ring).value_or("{}"),
                      "\n\n");
}

}  // namespace

std::string RingEvents::Take() {
  std::string events;
  std::map<std::string, Position> now;
  for (const StatePtr& state : membership_.Rings()) {
    const Position position = {state->incarnation, state->epoch};
    now[state->name()] = position;
    const auto known = known_.find(state->name());
    if (known != known_.end() && known->second == position) continue;
    v1::RingEpoch ring;
    ring.set_ring(state->name());
    ring.set_incarnation(state->incarnation);
    ring.set_epoch(state->epoch);
    ring.set_fingerprint(state->ring().fingerprint());
    events += Event(ring);
  }
  for (const auto& [name, position] : known_) {
    if (now.contains(name)) continue;
    v1::RingEpoch gone;
    gone.set_ring(name);
    events += Event(gone);
  }
  known_ = std::move(now);
  return events;
}

}  // namespace clockwise
