// Creates credentials of a gRPC server that always use the newest certificate.
// Stateless.
#ifndef CLOCKWISE_SERVICE_RPC_TLS_CREDENTIALS_H_
#define CLOCKWISE_SERVICE_RPC_TLS_CREDENTIALS_H_

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "service/tls/tls_material.h"

namespace clockwise {

// Returns credentials for TLS 1.2 or later. Each handshake uses the present
// contents of `source`; open connections are not affected. If the source has
// roots, a peer must present a certificate that they have signed. The
// credentials must outlive the server, because gRPC does not own them.
std::shared_ptr<grpc::ServerCredentials> NewTlsCredentials(
    std::shared_ptr<const TlsSource> source);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_TLS_CREDENTIALS_H_
