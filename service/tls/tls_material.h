// A certificate, its key, and the roots that verify peers, after they were read
// from files and checked. Values.
#ifndef CLOCKWISE_SERVICE_TLS_TLS_MATERIAL_H_
#define CLOCKWISE_SERVICE_TLS_TLS_MATERIAL_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/runtime/reloadable_files.h"

namespace clockwise {

// Paths of PEM files.
struct TlsFiles {
  // The certificate chain, the own certificate first, and its key, which is not
  // encrypted. Both are empty for a client that presents no certificate.
  std::string certificate;
  std::string key;
  // The authorities that sign peers' certificates. Empty: peers present none
  // (in a server), or the system's authorities (in a client).
  std::string roots;
};

struct TlsMaterial {
  std::string certificate;
  std::string key;
  std::string roots;
  absl::Time expires;  // earliest expiry time in the chain
};

// Parses the texts of `files`, and checks that they can be used at `now`. The
// key must match the first certificate, the next certificate must sign each
// one, and all must be valid. If there are roots, one of them must be valid. A
// file that has a path must not be empty. INVALID_ARGUMENT: one line that names
// the path and states the error.
absl::StatusOr<TlsMaterial> ParseTls(absl::Time now, const TlsFiles& files,
                                     const std::vector<std::string>& texts);

// The last valid contents of the files.
using TlsSource = ReloadableFiles<TlsMaterial>;
absl::StatusOr<std::shared_ptr<TlsSource>> OpenTls(const TlsFiles& files);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_TLS_TLS_MATERIAL_H_
