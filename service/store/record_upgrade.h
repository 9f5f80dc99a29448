// Reads records that older versions wrote. Stateless.
#ifndef CLOCKWISE_SERVICE_STORE_RECORD_UPGRADE_H_
#define CLOCKWISE_SERVICE_STORE_RECORD_UPGRADE_H_

#include "clockwise/stored/v1/stored.pb.h"

namespace clockwise {

// Moves figures that are fields of Change, as in records written before there
// was a Comparison, into Change.comparison. Leaves newer records as they are.
// Each store calls it after it has parsed a record. Returns false if the
// figures cannot be parsed.
[[nodiscard]] bool UpgradeRecord(stored::v1::ChangeRecord& record);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_STORE_RECORD_UPGRADE_H_
