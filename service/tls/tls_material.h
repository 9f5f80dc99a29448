// A certificate, its key and the roots that peers are held against, as they
// were read from files and found in order. Values.
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
  // The chain, the own certificate first, and its key, not encrypted; both
  // empty: a client that shows none.
  std::string certificate;
  std::string key;
  // Of who signs peers' certificates; empty: peers show none (a server), or
  // the system's (a client).
  std::string roots;
};

struct TlsMaterial {
  std::string certificate;
  std::string key;
  std::string roots;
  absl::Time expires;  // the first of the chain to do so
};

// What the texts of the files are, if it can be served with at `now`: the key
// is that of the first certificate, each certificate is signed by the next, all
// are valid now, and the roots, if there are any, are certificates of which one
// is valid. InvalidArgument: one line that names the fault.
absl::StatusOr<TlsMaterial> ParseTls(absl::Time now,
                                     const std::vector<std::string>& texts);

// The newest of the files that was in order.
using TlsSource = ReloadableFiles<TlsMaterial>;
absl::StatusOr<std::shared_ptr<TlsSource>> OpenTls(const TlsFiles& files);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_TLS_TLS_MATERIAL_H_
