#include "service/tls/tls_material.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "service/limits.h"
#include "service/tls/pem.h"

namespace clockwise {
namespace {

using pem::Certificate;

absl::Status Fault(absl::string_view what) {
  ERR_clear_error();
  return absl::InvalidArgumentError(what);
}

// Parses all certificates of the file `path`.
absl::StatusOr<std::vector<Certificate>> ParseCertificates(
    absl::string_view path, absl::string_view pem) {
  std::vector<Certificate> certificates = pem::Certificates(pem);
  // A valid file ends with this error, because no further certificate follows.
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
    return Fault(absl::StrCat(path, ": certificate ", certificates.size() + 1,
                              " in the file is damaged; replace it"));
  }
  ERR_clear_error();
  if (certificates.empty()) {
    return Fault(absl::StrCat(path,
                              ": the file contains no certificate; "
                              "use a PEM file that has one"));
  }
  return certificates;
}

absl::Time TimeOf(const ASN1_TIME* time) {
  tm fields = {};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return absl::InfinitePast();
  return absl::FromTM(fields, absl::UTCTimeZone());
}

absl::Status CheckDates(absl::string_view path, const X509* certificate,
                        absl::Time now) {
  const absl::Time from = TimeOf(X509_get0_notBefore(certificate));
  const absl::Time until = TimeOf(X509_get0_notAfter(certificate));
  if (now < from) {
    return Fault(absl::StrCat(path, ": not valid before ",
                              absl::FormatTime(from, absl::UTCTimeZone()),
                              "; check the clock of this machine"));
  }
  if (now >= until) {
    return Fault(absl::StrCat(path, ": expired at ",
                              absl::FormatTime(until, absl::UTCTimeZone()),
                              "; renew it"));
  }
  return absl::OkStatus();
}

absl::Status CheckChain(const std::string& path,
                        const std::vector<Certificate>& chain) {
  for (size_t i = 0; i + 1 < chain.size(); ++i) {
    EVP_PKEY* signer = X509_get0_pubkey(chain[i + 1].get());
    if (X509_check_issued(chain[i + 1].get(), chain[i].get()) == X509_V_OK &&
        signer != nullptr && X509_verify(chain[i].get(), signer) == 1) {
      continue;
    }
    return Fault(absl::StrCat(path, ": certificate ", i + 1,
                              " of the chain is not signed by certificate ",
                              i + 2, "; put each one before its issuer"));
  }
  return absl::OkStatus();
}

absl::Status CheckKey(const TlsFiles& files, const X509* certificate,
                      absl::string_view pem) {
  const pem::Key key = pem::PrivateKey(pem);
  if (key == nullptr) {
    return Fault(absl::StrCat(
        files.key,
        ": the file contains no unencrypted private key; use a PEM file "
        "without a passphrase"));
  }
  if (X509_check_private_key(certificate, key.get()) != 1) {
    return Fault(absl::StrCat(files.key, ": does not match the first ",
                              "certificate of ", files.certificate,
                              "; use the key of that certificate"));
  }
  return absl::OkStatus();
}

absl::Status CheckRoots(const std::string& path, absl::string_view pem,
                        absl::Time now) {
  auto roots = ParseCertificates(path, pem);
  if (!roots.ok()) return roots.status();
  absl::Status status;
  for (const Certificate& root : *roots) {
    status = CheckDates(path, root.get(), now);
    if (status.ok()) return status;
  }
  return status;
}

// An empty file must not count as no file: a server whose file of roots is
// emptied would accept clients without a certificate.
absl::Status CheckNotEmpty(const std::string& path, const std::string& text) {
  if (path.empty() || !text.empty()) return absl::OkStatus();
  return Fault(absl::StrCat(path, ": the file is empty; write PEM into it"));
}

}  // namespace

absl::StatusOr<TlsMaterial> ParseTls(absl::Time now, const TlsFiles& files,
                                     const std::vector<std::string>& texts) {
  TlsMaterial material{texts[0], texts[1], texts[2], absl::InfiniteFuture()};
  absl::Status status = CheckNotEmpty(files.certificate, material.certificate);
  if (status.ok()) status = CheckNotEmpty(files.key, material.key);
  if (status.ok()) status = CheckNotEmpty(files.roots, material.roots);
  if (status.ok() && !material.roots.empty()) {
    status = CheckRoots(files.roots, material.roots, now);
  }
  if (!status.ok()) return status;
  if (material.certificate.empty() && material.key.empty()) return material;
  auto chain = ParseCertificates(files.certificate, material.certificate);
  if (!chain.ok()) return chain.status();
  for (const Certificate& certificate : *chain) {
    status = CheckDates(files.certificate, certificate.get(), now);
    if (!status.ok()) return status;
    material.expires = std::min(material.expires,
                                TimeOf(X509_get0_notAfter(certificate.get())));
  }
  status = CheckChain(files.certificate, *chain);
  if (status.ok()) {
    status = CheckKey(files, chain->front().get(), material.key);
  }
  if (!status.ok()) return status;
  return material;
}

absl::StatusOr<std::shared_ptr<TlsSource>> OpenTls(const TlsFiles& files) {
  return TlsSource::Open({files.certificate, files.key, files.roots},
                         limits::kMaxPemBytes,
                         [files](const TlsSource::Texts& texts) {
                           return ParseTls(absl::Now(), files, texts);
                         });
}

}  // namespace clockwise
