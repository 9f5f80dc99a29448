#include "service/http/tls_session.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <poll.h>

#include <algorithm>
#include <limits>
#include <string>

namespace clockwise {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

int Piece(size_t size) {
  return static_cast<int>(
      std::min<size_t>(size, std::numeric_limits<int>::max()));
}

Owned<BIO> Text(const std::string& text) {
  return Owned<BIO>(BIO_new_mem_buf(text.data(), Piece(text.size())));
}

Owned<X509> NextCertificate(BIO* text) {
  return Owned<X509>(PEM_read_bio_X509(text, nullptr, nullptr, nullptr));
}

bool UseOwn(SSL_CTX* context, const TlsMaterial& material) {
  const Owned<BIO> chain = Text(material.certificate);
  const Owned<BIO> key_text = Text(material.key);
  const Owned<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  Owned<X509> next = NextCertificate(chain.get());
  if (!key || !next || SSL_CTX_use_certificate(context, next.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    return false;
  }
  while ((next = NextCertificate(chain.get()))) {
    if (SSL_CTX_add1_chain_cert(context, next.get()) != 1) return false;
  }
  return true;
}

void AskForPeers(SSL_CTX* context, const std::string& roots) {
  const Owned<BIO> text = Text(roots);
  while (const Owned<X509> root = NextCertificate(text.get())) {
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
  const Owned<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
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
