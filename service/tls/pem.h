// Reads certificates and keys from PEM with OpenSSL, and owns them. Stateless,
// except for the errors that OpenSSL leaves in the thread's queue
// (ERR_clear_error).
#ifndef CLOCKWISE_SERVICE_TLS_PEM_H_
#define CLOCKWISE_SERVICE_TLS_PEM_H_

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <vector>

#include "absl/strings/string_view.h"

namespace clockwise::pem {

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

inline Bio Reader(absl::string_view pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// Returns all certificates before the first damaged one. The end of the text
// also adds an error to the queue: PEM_R_NO_START_LINE.
inline std::vector<Certificate> Certificates(absl::string_view pem) {
  std::vector<Certificate> certificates;
  const Bio in = Reader(pem);
  while (X509* one = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)) {
    certificates.emplace_back(one);
  }
  return certificates;
}

// Returns the first private key. Returns null if there is none or it is
// encrypted.
inline Key PrivateKey(absl::string_view pem) {
  const Bio in = Reader(pem);
  const auto no_passphrase = [](char*, int, int, void*) { return 0; };
  return Key(
      PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr));
}

}  // namespace clockwise::pem

#endif  // CLOCKWISE_SERVICE_TLS_PEM_H_
