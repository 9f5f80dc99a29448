// Options configures a client of Clockwise.
#ifndef CLOCKWISE_OPTIONS_H_
#define CLOCKWISE_OPTIONS_H_

#include <chrono>
#include <string>

namespace clockwise {

// Tls configures the connections to servers. They are plaintext by default, and
// use TLS if `enabled` is set or a certificate file is named. The client reads
// the files again for new connections. If the new contents are invalid, it
// keeps the previous ones.
struct Tls {
  bool enabled = false;
  // PEM file with the CA certificates of the servers; empty: the CA
  // certificates of the system.
  std::string ca_file;
  // PEM files with the certificate chain and the private key of this client;
  // empty: it presents no certificate.
  std::string cert_file;
  std::string key_file;
  // File whose first line is a bearer token; empty: no token. The token is
  // never sent in plaintext.
  std::string token_file;
};

struct Options {
  // Ring name; empty: "default".
  std::string ring;
  // File that keeps the last valid ring, for a start while no server answers;
  // empty: no file. Each client needs its own file.
  std::string ring_file;
  // Maximum time without a message on a stream while the server has not stated
  // its heartbeat interval. The client then closes the stream, because a dead
  // connection may show no error. Once the interval is known, the maximum is
  // three intervals, but at least the shorter of 3 s and this value.
  std::chrono::milliseconds silence{15'000};
  // First and longest pause between attempts. The pause doubles after each
  // attempt, up to the longest. Each is random, from one half of the value to
  // the value.
  std::chrono::milliseconds first_pause{100};
  std::chrono::milliseconds longest_pause{5'000};
  // Timeout of a remote call, for all attempts together.
  std::chrono::milliseconds call_timeout{5'000};
  Tls tls;
};

}  // namespace clockwise

#endif  // CLOCKWISE_OPTIONS_H_
