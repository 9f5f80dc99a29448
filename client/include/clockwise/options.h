// How a client of Clockwise behaves.
#ifndef CLOCKWISE_OPTIONS_H_
#define CLOCKWISE_OPTIONS_H_

#include <chrono>
#include <string>

namespace clockwise {

// How servers are spoken to. By default in plaintext; by TLS if `enabled`, or
// if one of the files is named. Files are read again before each connection:
// what is not in order then changes nothing.
struct Tls {
  bool enabled = false;
  // PEM: of who signs servers' certificates; empty: those the system trusts.
  std::string ca_file;
  // PEM: this client's own certificate with its chain, and its key; empty: it
  // shows none.
  std::string cert_file;
  std::string key_file;
  // A bearer token, on a line; empty: it shows none. Never sent in plaintext.
  std::string token_file;
};

struct Options {
  // Ring name; empty: "default".
  std::string ring;
  // Where the last good ring is kept, to start from when no server answers;
  // empty: nowhere. One client a file.
  std::string ring_file;
  // A stream on which nothing came for so long is given up: a connection can be
  // dead without a sign. More than twice the servers' --watch-heartbeat.
  std::chrono::milliseconds silence{15'000};
  // Pauses between attempts: the first, doubled each time up to the longest,
  // each of them random between its half and itself.
  std::chrono::milliseconds first_pause{100};
  std::chrono::milliseconds longest_pause{5'000};
  // For remote calls, all attempts together.
  std::chrono::milliseconds call_timeout{5'000};
  Tls tls;
};

}  // namespace clockwise

#endif  // CLOCKWISE_OPTIONS_H_
