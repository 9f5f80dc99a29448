// Credentials of a gRPC server that serves with the newest certificate.
#ifndef CLOCKWISE_SERVICE_RPC_TLS_CREDENTIALS_H_
#define CLOCKWISE_SERVICE_RPC_TLS_CREDENTIALS_H_

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "service/tls/tls_material.h"

namespace clockwise {

// Each handshake takes what `source` has then; connections that are open go on.
// If the source has roots, peers must show a certificate that leads to them, or
// the handshake fails. TLS 1.2 or later. They must outlive the server: gRPC
// keeps what it makes of them, but not them.
std::shared_ptr<grpc::ServerCredentials> NewTlsCredentials(
    std::shared_ptr<const TlsSource> source);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_TLS_CREDENTIALS_H_
