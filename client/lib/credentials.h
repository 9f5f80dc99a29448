// The newest credentials for channels to servers. Thread-safe.
#ifndef CLOCKWISE_CLIENT_LIB_CREDENTIALS_H_
#define CLOCKWISE_CLIENT_LIB_CREDENTIALS_H_

#include <grpcpp/security/credentials.h>

#include <chrono>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "clockwise/options.h"
#include "service/runtime/mutex.h"
#include "service/tls/tls_material.h"

namespace clockwise::client {

class Credentials {
 public:
  // InvalidArgument: a file is not in order, or a token would go in plaintext.
  static absl::StatusOr<std::shared_ptr<Credentials>> Open(const Tls& tls);

  // What a new channel takes. Another object than last time if the files hold
  // something else now that is in order; they are read once a second at most.
  std::shared_ptr<grpc::ChannelCredentials> Current();

 private:
  Credentials(std::shared_ptr<TlsSource> source, std::string token_file);
  void Make() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::shared_ptr<TlsSource> source_;  // null: plaintext
  const std::string token_file_;
  Mutex mu_;
  std::string token_ ABSL_GUARDED_BY(mu_);
  std::chrono::steady_clock::time_point read_at_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<grpc::ChannelCredentials> current_ ABSL_GUARDED_BY(mu_);
};

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_CREDENTIALS_H_
