#include "service/rpc/tls_credentials.h"

#include <grpc/grpc_security.h>

#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "service/runtime/mutex.h"

namespace clockwise {
namespace {

// gRPC's C++ API reads certificates once, or watches files and uses even
// invalid contents. Its C API can fetch the certificates for each handshake.
class TlsCredentials final : public grpc::ServerCredentials {
 public:
  explicit TlsCredentials(std::shared_ptr<const TlsSource> source)
      : source_(std::move(source)) {
    const bool mutual = !source_->Current()->roots.empty();
    grpc_ssl_server_credentials_options* options =
        grpc_ssl_server_credentials_create_options_using_config_fetcher(
            mutual ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                   : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
            &TlsCredentials::Fetch, this);
    credentials_ = grpc_ssl_server_credentials_create_with_options(options);
  }
  ~TlsCredentials() override { grpc_server_credentials_release(credentials_); }
  TlsCredentials(const TlsCredentials&) = delete;
  TlsCredentials& operator=(const TlsCredentials&) = delete;

  // AccessGate checks calls, because it needs the ring of a call.
  void SetAuthMetadataProcessor(
      const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address,
                      grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  static grpc_ssl_certificate_config_reload_status Fetch(
      void* self, grpc_ssl_server_certificate_config** config) {
    auto& credentials = *static_cast<TlsCredentials*>(self);
    const std::shared_ptr<const TlsMaterial> now =
        credentials.source_->Current();
    MutexLock lock(credentials.mu_);
    if (now == credentials.given_) {
      return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    }
    const grpc_ssl_pem_key_cert_pair pair = {now->key.c_str(),
                                             now->certificate.c_str()};
    // gRPC 1.51 aborts the process if there are no roots. If no client
    // certificate is required, they are not used, so any certificate will do.
    *config = grpc_ssl_server_certificate_config_create(
        now->roots.empty() ? now->certificate.c_str() : now->roots.c_str(),
        &pair, 1);
    credentials.given_ = now;
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  const std::shared_ptr<const TlsSource> source_;
  grpc_server_credentials* credentials_;
  Mutex mu_;
  std::shared_ptr<const TlsMaterial> given_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> NewTlsCredentials(
    std::shared_ptr<const TlsSource> source) {
  return std::make_shared<TlsCredentials>(std::move(source));
}

}  // namespace clockwise
