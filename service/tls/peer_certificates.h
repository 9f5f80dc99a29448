// PeerCertificates checks the dates of peers' certificates. It reads each
// certificate once, because TLS checks dates only in a full handshake: a
// connection and its resumed sessions outlive the certificate. Thread-safe.
#ifndef CLOCKWISE_SERVICE_TLS_PEER_CERTIFICATES_H_
#define CLOCKWISE_SERVICE_TLS_PEER_CERTIFICATES_H_

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/runtime/mutex.h"

namespace clockwise {

// The time in which all certificates of a chain are valid.
struct CertificateDates {
  absl::Time from = absl::InfinitePast();
  absl::Time until = absl::InfiniteFuture();

  // INVALID_ARGUMENT: `now` is not within the dates. One line.
  absl::Status Check(absl::Time now) const;
};

// Reads all certificates in `pem`. INVALID_ARGUMENT: there is none, or one is
// damaged.
absl::StatusOr<CertificateDates> DatesOf(absl::string_view pem);

class PeerCertificates {
 public:
  // Checks the certificate `pem` and, when it is new, the certificates of its
  // issuers in `chain`, which may be empty. INVALID_ARGUMENT: see DatesOf and
  // CertificateDates.
  absl::Status Check(absl::string_view pem, absl::string_view chain,
                     absl::Time now) const;

 private:
  mutable Mutex mu_;
  // At most limits::kMaxPeerCertificates, by PEM.
  mutable absl::flat_hash_map<std::string, CertificateDates> known_
      ABSL_GUARDED_BY(mu_);
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_TLS_PEER_CERTIFICATES_H_
