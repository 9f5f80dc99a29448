// TlsSession is the server's end of TLS over one socket that does not block.
// Not thread-safe. The socket stays its owner's.
#ifndef CLOCKWISE_SERVICE_HTTP_TLS_SESSION_H_
#define CLOCKWISE_SERVICE_HTTP_TLS_SESSION_H_

#include <openssl/ssl.h>
#include <sys/types.h>

#include <cstddef>
#include <memory>

#include "service/tls/tls_material.h"

namespace clockwise {

class TlsSession {
 public:
  // Shows the certificate and, if there are roots, asks the peer for one of
  // theirs. Null: OpenSSL takes none of it, or no memory is left.
  static std::unique_ptr<TlsSession> Open(int socket,
                                          const TlsMaterial& material);

  // As recv(2) and send(2), which make the handshake too. -1 with `wants` not
  // 0: to be called again once the socket is ready for these events of poll(2).
  ssize_t Read(char* data, size_t size, short& wants);
  ssize_t Write(const char* data, size_t size, short& wants);

  // Whether bytes were received that Read has not given yet.
  bool pending() const { return SSL_pending(ssl_.get()) > 0; }

  // Tells the peer that nothing follows.
  void Close();

 private:
  struct Freer {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  explicit TlsSession(SSL* ssl) : ssl_(ssl) {}
  ssize_t Outcome(int result, short& wants);

  const std::unique_ptr<SSL, Freer> ssl_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_TLS_SESSION_H_
