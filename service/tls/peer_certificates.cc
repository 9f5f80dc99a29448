#include "service/tls/peer_certificates.h"

#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <ctime>

#include "absl/strings/str_cat.h"
#include "service/limits.h"
#include "service/tls/pem.h"

namespace clockwise {
namespace {

absl::StatusOr<absl::Time> PeerTime(const ASN1_TIME* time) {
  tm fields = {};
  if (ASN1_TIME_to_tm(time, &fields) != 1) {
    return absl::InvalidArgumentError("the certificate has a damaged date");
  }
  return absl::FromTM(fields, absl::UTCTimeZone());
}

}  // namespace

absl::Status CertificateDates::Check(absl::Time now) const {
  if (now >= until) {
    return absl::InvalidArgumentError(
        absl::StrCat("the client certificate expired at ",
                     absl::FormatTime(until, absl::UTCTimeZone()),
                     "; renew it and connect again"));
  }
  if (now < from) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the client certificate is not valid before ",
        absl::FormatTime(from, absl::UTCTimeZone()), "; check the clocks"));
  }
  return absl::OkStatus();
}

absl::StatusOr<CertificateDates> DatesOf(absl::string_view pem) {
  const auto certificates = pem::Certificates(pem);
  const bool whole =
      ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (certificates.empty() || !whole) {
    return absl::InvalidArgumentError("the client certificate is damaged");
  }
  CertificateDates dates;
  for (const auto& certificate : certificates) {
    const auto from = PeerTime(X509_get0_notBefore(certificate.get()));
    if (!from.ok()) return from.status();
    const auto until = PeerTime(X509_get0_notAfter(certificate.get()));
    if (!until.ok()) return until.status();
    dates.from = std::max(dates.from, *from);
    dates.until = std::min(dates.until, *until);
  }
  return dates;
}

absl::Status PeerCertificates::Check(absl::string_view pem,
                                     absl::string_view chain,
                                     absl::Time now) const {
  {
    MutexLock lock(mu_);
    const auto known = known_.find(pem);
    if (known != known_.end()) return known->second.Check(now);
  }
  const auto dates = DatesOf(absl::StrCat(pem, chain));
  if (!dates.ok()) return dates.status();
  MutexLock lock(mu_);
  if (known_.size() >= limits::kMaxPeerCertificates) known_.clear();
  known_.emplace(pem, *dates);
  return dates->Check(now);
}

}  // namespace clockwise
