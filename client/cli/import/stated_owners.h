// Compares a ring with what the imported configuration states about its owners.
// Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_IMPORT_STATED_OWNERS_H_
#define CLOCKWISE_CLIENT_CLI_IMPORT_STATED_OWNERS_H_

#include <string>

#include "absl/status/status.h"
#include "client/cli/import/imported.h"
#include "service/ring/ring.h"

namespace clockwise::cli {

// Returns an error for the first line that `ring`, which was built from
// `imported`, contradicts. If the caller has not chosen the number of owners
// (`chosen`), only primaries are compared.
[[nodiscard]] absl::Status CheckStatedOwners(const Imported& imported,
                                             const Ring& ring, bool chosen);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_IMPORT_STATED_OWNERS_H_
