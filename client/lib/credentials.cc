#include "client/lib/credentials.h"

#include "absl/status/status.h"

namespace clockwise::client {

absl::StatusOr<std::shared_ptr<CredentialsSource>> OpenCredentials(
    const Tls& tls) {
  if (tls.cert_file.empty() != tls.key_file.empty()) {
    return absl::InvalidArgumentError(
        "cert_file and key_file: only one of them is set; set both");
  }
  if (tls.enabled || !tls.ca_file.empty() || !tls.cert_file.empty()) {
    return CredentialsSource::Open({tls.cert_file, tls.key_file, tls.ca_file},
                                   tls.token_file);
  }
  if (!tls.token_file.empty()) {
    return absl::InvalidArgumentError(
        "token_file: requires TLS, because a token is never sent in plaintext");
  }
  return CredentialsSource::Plaintext();
}

}  // namespace clockwise::client
