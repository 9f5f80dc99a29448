#include "client/lib/credentials.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace clockwise::client {

absl::StatusOr<std::shared_ptr<CredentialsSource>> OpenCredentials(
    const Tls& tls) {
  if (tls.cert_file.empty() && !tls.key_file.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("cert_file: is not set for the key_file \"", tls.key_file,
                     "\"; set both"));
  }
  if (tls.key_file.empty() && !tls.cert_file.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("key_file: is not set for the cert_file \"", tls.cert_file,
                     "\"; set both"));
  }
  if (tls.enabled || !tls.ca_file.empty() || !tls.cert_file.empty()) {
    return CredentialsSource::Open({tls.cert_file, tls.key_file, tls.ca_file},
                                   tls.token_file);
  }
  if (!tls.token_file.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("token_file: \"", tls.token_file,
                     "\" requires TLS, because a token is never sent in "
                     "plaintext; set ca_file too"));
  }
  return CredentialsSource::Plaintext();
}

}  // namespace clockwise::client
