// CredentialsSource returns the newest credentials for channels to servers, as
// a client of Clockwise or of etcd uses them. Thread-safe.
//
// The files are read again at most once a second. Invalid contents are
// rejected, and the previous credentials are kept.
#ifndef CLOCKWISE_SERVICE_CHANNEL_CREDENTIALS_SOURCE_H_
#define CLOCKWISE_SERVICE_CHANNEL_CREDENTIALS_SOURCE_H_

#include <grpcpp/security/credentials.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/runtime/mutex.h"
#include "service/runtime/reloadable_files.h"
#include "service/tls/tls_material.h"

namespace clockwise {

class CredentialsSource {
 public:
  using Clock = std::chrono::steady_clock;
  // Receives the outcome after the contents of files have changed. OK: they are
  // in use. InvalidArgument: why the previous contents are kept; once for each
  // reason. Called by the thread that calls Current, without a lock.
  using OnReload = std::function<void(const absl::Status& outcome)>;

  // Credentials that never change: no TLS, hence no token.
  static std::shared_ptr<CredentialsSource> Plaintext();

  // Credentials for TLS. `token_file`: its first line is a bearer token for
  // each call; empty: none. InvalidArgument: a file is missing or invalid. The
  // message never quotes the token.
  static absl::StatusOr<std::shared_ptr<CredentialsSource>> Open(
      const TlsFiles& files, const std::string& token_file = "",
      OnReload on_reload = nullptr);

  // Returns the credentials for a new channel: another object than last time if
  // the files have changed. `now` decides whether the files are read.
  std::shared_ptr<grpc::ChannelCredentials> Current(
      Clock::time_point now = Clock::now());

 private:
  using TokenSource = ReloadableFiles<std::string>;
  static absl::StatusOr<std::shared_ptr<TokenSource>> OpenToken(
      const std::string& path);

  CredentialsSource(std::shared_ptr<TlsSource> tls,
                    std::shared_ptr<TokenSource> token, OnReload on_reload);
  std::shared_ptr<grpc::ChannelCredentials> Make() const;

  const std::shared_ptr<TlsSource> tls_;      // null: plaintext
  const std::shared_ptr<TokenSource> token_;  // null: no token
  const OnReload on_reload_;
  Mutex mu_;
  Clock::time_point read_at_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<grpc::ChannelCredentials> current_ ABSL_GUARDED_BY(mu_);
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_CHANNEL_CREDENTIALS_SOURCE_H_
