// The newest TLS material that was in order. Thread-safe. What replaces it is
// checked first, so that a bad file takes nothing down.
#ifndef CLOCKWISE_SERVICE_TLS_TLS_SOURCE_H_
#define CLOCKWISE_SERVICE_TLS_TLS_SOURCE_H_

#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "service/mutex.h"
#include "service/tls/tls_material.h"

namespace clockwise {

class TlsSource {
 public:
  // InvalidArgument: the files are not in order now.
  static absl::StatusOr<std::shared_ptr<TlsSource>> Open(TlsFiles files);

  std::shared_ptr<const TlsMaterial> Current() const;

  enum class Outcome { kUnchanged, kReplaced, kRefused };
  // Reads the files again. kRefused: `why` says what is wrong with what stands
  // there, once; the same again is kUnchanged.
  Outcome Reload(absl::Status& why);

  struct Figures {
    uint64_t replaced = 0;
    uint64_t refused = 0;
    absl::Time expires;
  };
  Figures figures() const;

 private:
  TlsSource(TlsFiles files, TlsMaterial material);

  const TlsFiles files_;
  mutable Mutex mu_;
  std::shared_ptr<const TlsMaterial> current_ ABSL_GUARDED_BY(mu_);
  // What is wrong with what stood there last; OK: nothing.
  absl::Status refused_ ABSL_GUARDED_BY(mu_);
  Figures figures_ ABSL_GUARDED_BY(mu_);
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_TLS_TLS_SOURCE_H_
