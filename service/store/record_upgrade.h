// Converts records that older versions of Clockwise wrote. Stateless.
#ifndef CLOCKWISE_SERVICE_STORE_RECORD_UPGRADE_H_
#define CLOCKWISE_SERVICE_STORE_RECORD_UPGRADE_H_

#include "clockwise/stored/v1/stored.pb.h"

namespace clockwise {

// Moves the figures that older records have as fields of Change into
// Change.comparison. Does not change records that have a Comparison. Each store
// calls this function after it has parsed a record. Returns false if the
// figures cannot be parsed.
[[nodiscard]] bool UpgradeRecord(stored::v1::ChangeRecord& record);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_RECORD_UPGRADE_H_
