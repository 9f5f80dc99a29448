#include "service/http/tls_session.h"

#include <openssl/err.h>
#include <poll.h>

#include <algorithm>
#include <limits>
#include <string>

#include "service/tls/pem.h"

namespace clockwise {
namespace {

using Context = std::unique_ptr<SSL_CTX, pem::Free<SSL_CTX_free>>;

int Piece(size_t size) {
  return static_cast<int>(
      std::min<size_t>(size, std::numeric_limits<int>::max()));
}

bool UseOwn(SSL_CTX* context, const TlsMaterial& material) {
  const auto chain = pem::Certificates(material.certificate);
  const pem::Key key = pem::PrivateKey(material.key);
  if (!key || chain.empty() ||
      SSL_CTX_use_certificate(context, chain.front().get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return false;
  }
  return std::all_of(chain.begin() + 1, chain.end(), [&](const auto& next) {
    return SSL_CTX_add1_chain_cert(context, next.get()) == 1;
  });
}

void AskForPeers(SSL_CTX* context, const std::string& roots) {
  for (const pem::Certificate& root : pem::Certificates(roots)) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.get());
    SSL_CTX_add_client_CA(context, root.get());
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                     nullptr);
}

}  // namespace

// A context for each: scrapes are few, and so none is ever served with old
// files.
std::unique_ptr<TlsSession> TlsSession::Open(int socket,
                                             const TlsMaterial& material) {
  const Context context(SSL_CTX_new(TLS_server_method()));
  if (!context) return nullptr;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context.get(),
                      SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  const bool own = UseOwn(context.get(), material);
  if (!material.roots.empty()) AskForPeers(context.get(), material.roots);
  ERR_clear_error();
  SSL* ssl = own ? SSL_new(context.get()) : nullptr;
  if (ssl == nullptr) return nullptr;
  std::unique_ptr<TlsSession> session(new TlsSession(ssl));
  if (SSL_set_fd(ssl, socket) != 1) return nullptr;
  SSL_set_accept_state(ssl);
  return session;
}

ssize_t TlsSession::Read(char* data, size_t size, short& wants) {
  return Outcome(SSL_read(ssl_.get(), data, Piece(size)), wants);
}

ssize_t TlsSession::Write(const char* data, size_t size, short& wants) {
  return Outcome(SSL_write(ssl_.get(), data, Piece(size)), wants);
}

void TlsSession::Close() {
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

ssize_t TlsSession::Outcome(int result, short& wants) {
  wants = 0;
  if (result > 0) return result;
  const int error = SSL_get_error(ssl_.get(), result);
  ERR_clear_error();  // the thread's, and not the next connection's
  if (error == SSL_ERROR_WANT_READ) wants = POLLIN;
  if (error == SSL_ERROR_WANT_WRITE) wants = POLLOUT;
  return error == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

}  // namespace clockwise
