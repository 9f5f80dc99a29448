// OpenCredentials opens the credentials that a client's options name.
// Stateless.
#ifndef CLOCKWISE_CLIENT_LIB_CREDENTIALS_H_
#define CLOCKWISE_CLIENT_LIB_CREDENTIALS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "clockwise/options.h"
#include "service/channel/credentials_source.h"

namespace clockwise::client {

// Returns the source of credentials for channels. INVALID_ARGUMENT: a file is
// missing or invalid, a certificate has no key, or a token would be sent in
// plaintext.
absl::StatusOr<std::shared_ptr<CredentialsSource>> OpenCredentials(
    const Tls& tls);

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_CREDENTIALS_H_
