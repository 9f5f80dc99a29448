#include "service/rpc/log_change.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "service/rpc/request_traits.h"
#include "service/runtime/log.h"

namespace clockwise {

void LogChange(absl::string_view meant, const v1::Change& change) {
  const std::string ring(MeantRing(meant));
  LogInfo("ring changed", {{"ring", ring},
                           {"epoch", absl::StrCat(change.epoch())},
                           {"upserted", absl::StrCat(change.upserted_size())},
                           {"removed", absl::StrCat(change.removed_ids_size())},
                           {"moved", absl::StrCat(change.moved_ratio())},
                           {"actor", change.actor()},
                           {"request_id", change.request_id()}});
  if (change.zone_shortfall_after() > change.zone_shortfall_before()) {
    LogWarning("partitions short of zones",
               {{"ring", ring},
                {"partitions", absl::StrCat(change.zone_shortfall_after())},
                {"zones", absl::StrCat(change.zones())}});
  }
  if (change.capped_ids_size() > 0) {
    LogWarning("weights too large to honour",
               {{"ring", ring},
                {"nodes", absl::StrCat(change.capped_ids_size())},
                {"first", change.capped_ids(0)}});
  }
}

}  // namespace clockwise
