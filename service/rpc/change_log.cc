#include "service/rpc/change_log.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "service/rpc/request_traits.h"
#include "service/runtime/log.h"

namespace clockwise {

void LogChange(absl::string_view meant, const v1::Change& change) {
  const std::string ring(MeantRing(meant));
  LogInfo("ring changed",
          {{"ring", ring},
           {"epoch", absl::StrCat(change.epoch())},
           {"upserted", absl::StrCat(change.upserted_size())},
           {"removed", absl::StrCat(change.removed_ids_size())},
           {"moved", absl::StrCat(change.comparison().moved_ratio())},
           {"actor", change.actor()},
           {"stated_actor", change.stated_actor()},
           {"request_id", change.request_id()}});
  if (change.comparison().zone_shortfall_after() >
      change.comparison().zone_shortfall_before()) {
    LogWarning("too few zones for some partitions",
               {{"ring", ring},
                {"partitions",
                 absl::StrCat(change.comparison().zone_shortfall_after())},
                {"zones", absl::StrCat(change.comparison().zone_count())}});
  }
  if (change.comparison().capped_ids_size() > 0) {
    LogWarning("weights too large: nodes cannot own their fair share",
               {{"ring", ring},
                {"nodes", absl::StrCat(change.comparison().capped_ids_size())},
                {"first", change.comparison().capped_ids(0)}});
  }
}

void LogDeletion(const v1::RingInfo& ring) {
  LogInfo("ring deleted",
          {{"ring", ring.spec().name()},
           {"epoch", absl::StrCat(ring.epoch())},
           {"nodes", absl::StrCat(ring.node_count())},
           {"kept", ring.deletion().has_expire_time() ? "true" : "false"},
           {"actor", ring.deletion().actor()},
           {"stated_actor", ring.deletion().stated_actor()},
           {"request_id", ring.deletion().request_id()}});
}

}  // namespace clockwise
