#include "client/cli/connection_fault.h"

#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "service/api/refusal.h"
#include "service/channel/channel.h"

namespace clockwise::cli {
namespace {

// The first bytes of an HTTP/2 client: the preface and an empty SETTINGS frame.
constexpr absl::string_view kHttp2Start(
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33);
// ALPN: the length of the name, and the name.
constexpr unsigned char kAlpn[] = {2, 'h', '2'};

template <typename T, void (*Free)(T*)>
struct Freed {
  void operator()(T* object) const { Free(object); }
};
using SslContext = std::unique_ptr<SSL_CTX, Freed<SSL_CTX, SSL_CTX_free>>;
using Ssl = std::unique_ptr<SSL, Freed<SSL, SSL_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509, X509_free>>;

// Socket is a connected socket; it is closed at the end.
class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int get() const { return descriptor_; }

  // Connects; both directions then have the time limit.
  bool Connect(const sockaddr* address, socklen_t size, absl::Duration limit) {
    const timeval time = absl::ToTimeval(limit);
    // The limit for sending is also that of connect.
    return descriptor_ >= 0 &&
           setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &time,
                      sizeof time) == 0 &&
           setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &time,
                      sizeof time) == 0 &&
           connect(descriptor_, address, size) == 0;
  }

 private:
  const int descriptor_;
};

// The host and port, or the socket, of a target of gRPC.
struct Place {
  std::string host;  // without brackets; empty: a unix socket
  std::string port;
  std::string path;  // of the unix socket
};

Place PlaceOf(absl::string_view target) {
  if (absl::ConsumePrefix(&target, "unix:")) {
    absl::ConsumePrefix(&target, "//");
    return {"", "", std::string(target)};
  }
  for (const absl::string_view scheme : {"dns:", "ipv4:", "ipv6:"}) {
    if (!absl::ConsumePrefix(&target, scheme)) continue;
    if (absl::ConsumePrefix(&target, "//")) {
      target.remove_prefix(std::min(target.find('/') + 1, target.size()));
    }
  }
  const std::string address =
      absl::StrReplaceAll(target, {{"%5B", "["}, {"%5D", "]"}});
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return {};
  absl::string_view host = absl::string_view(address).substr(0, colon);
  absl::ConsumePrefix(&host, "[");
  absl::ConsumeSuffix(&host, "]");
  return {std::string(host), address.substr(colon + 1), ""};
}

std::unique_ptr<Socket> ConnectUnix(const std::string& path,
                                    absl::Duration limit) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return nullptr;
  std::memcpy(address.sun_path, path.data(), path.size());
  auto made = std::make_unique<Socket>(socket(AF_UNIX, SOCK_STREAM, 0));
  const bool connected = made->Connect(
      reinterpret_cast<const sockaddr*>(&address), sizeof address, limit);
  return connected ? std::move(made) : nullptr;
}

std::unique_ptr<Socket> ConnectTo(const Place& place, absl::Duration limit) {
  if (place.host.empty()) return ConnectUnix(place.path, limit);
  addrinfo wanted = {};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(place.host.c_str(), place.port.c_str(), &wanted, &found) !=
      0) {
    return nullptr;
  }
  const std::unique_ptr<addrinfo, Freed<addrinfo, freeaddrinfo>> first(found);
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    auto made = std::make_unique<Socket>(
        socket(at->ai_family, at->ai_socktype, at->ai_protocol));
    if (made->Connect(at->ai_addr, at->ai_addrlen, limit)) return made;
  }
  return nullptr;
}

// --- TLS ---

// TlsProbe is one TLS connection to a server. It accepts any certificate, and
// records what is wrong with it.
class TlsProbe {
 public:
  TlsProbe(const Place& place, const Tls& tls) : place_(place), tls_(tls) {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    if (tls.ca_file.empty()) {
      SSL_CTX_set_default_verify_paths(context_.get());
    } else {
      SSL_CTX_load_verify_locations(context_.get(), tls.ca_file.c_str(),
                                    nullptr);
    }
    if (!tls.cert_file.empty()) {
      SSL_CTX_use_certificate_chain_file(context_.get(), tls.cert_file.c_str());
      SSL_CTX_use_PrivateKey_file(context_.get(), tls.key_file.c_str(),
                                  SSL_FILETYPE_PEM);
    }
    SSL_CTX_set_alpn_protos(context_.get(), kAlpn, sizeof kAlpn);
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_cert_cb(ssl_.get(), NoteRequest, this);
    if (!place.host.empty()) {
      SSL_set_tlsext_host_name(ssl_.get(), place.host.c_str());
    }
  }

  // Returns true if the server speaks TLS: it sent a certificate or an alert.
  bool Handshake(int socket) {
    ERR_clear_error();
    SSL_set_fd(ssl_.get(), socket);
    done_ = SSL_connect(ssl_.get()) == 1;
    alert_ = AlertOf(ERR_peek_last_error());
    certificate_.reset(SSL_get1_peer_certificate(ssl_.get()));
    return certificate_ != nullptr || alert_ != 0;
  }

  // The faults of a server that speaks TLS.
  std::optional<ConnectionFault> Fault() {
    if (certificate_ != nullptr) {
      if (auto fault = CertificateFault()) return fault;
    }
    if (!done_ || !Speaks()) return ClientFault();
    const unsigned char* protocol = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl_.get(), &protocol, &size);
    if (size > 0) return std::nullopt;
    return ConnectionFault{"it speaks TLS, but not gRPC",
                           "use the port of the server's --listen"};
  }

 private:
  // Called by OpenSSL when the server requests a certificate.
  static int NoteRequest(SSL*, void* probe) {
    static_cast<TlsProbe*>(probe)->requested_ = true;
    return 1;
  }

  // Returns the number of the alert that the server sent; 0 if it sent none.
  static int AlertOf(unsigned long error) {  // NOLINT(google-runtime-int)
    const int reason = ERR_GET_REASON(error);
    const bool is_alert = ERR_GET_LIB(error) == ERR_LIB_SSL &&
                          reason > SSL_AD_REASON_OFFSET &&
                          reason < SSL_AD_REASON_OFFSET + 256;
    return is_alert ? reason - SSL_AD_REASON_OFFSET : 0;
  }

  // Returns true if the server answers over the connection. In TLS 1.3, a
  // server judges the client's certificate after the handshake.
  bool Speaks() {
    ERR_clear_error();
    char byte = 0;
    if (SSL_write(ssl_.get(), kHttp2Start.data(),
                  static_cast<int>(kHttp2Start.size())) > 0 &&
        SSL_read(ssl_.get(), &byte, 1) > 0) {
      return true;
    }
    alert_ = AlertOf(ERR_peek_last_error());
    return false;
  }

  std::optional<ConnectionFault> ClientFault() const {
    if (!requested_) return std::nullopt;
    if (tls_.cert_file.empty()) {
      return ConnectionFault{"it requires a client certificate",
                             "set --tls-cert=FILE and --tls-key=FILE"};
    }
    return ConnectionFault{
        absl::StrCat(
            "it rejects the client certificate ", tls_.cert_file,
            alert_ == 0
                ? ""
                : absl::StrCat(" (", SSL_alert_desc_string_long(alert_), ")")),
        "use a certificate of an authority in the server's --tls-client-ca"};
  }

  std::optional<ConnectionFault> CertificateFault() const {
    const long result =  // NOLINT(google-runtime-int)
        SSL_get_verify_result(ssl_.get());
    const std::string why = X509_verify_cert_error_string(result);
    const std::string roots =
        tls_.ca_file.empty() ? "the system's CA certificates" : tls_.ca_file;
    switch (result) {
      case X509_V_OK:
        return NameFault();
      case X509_V_ERR_CERT_HAS_EXPIRED:
        return ConnectionFault{
            absl::StrCat("its certificate has expired on ",
                         DateOf(X509_get0_notAfter(certificate_.get()))),
            "renew the certificate of the server, and check the clocks"};
      case X509_V_ERR_CERT_NOT_YET_VALID:
        return ConnectionFault{
            absl::StrCat("its certificate is valid only from ",
                         DateOf(X509_get0_notBefore(certificate_.get()))),
            "check the clocks of both machines"};
      case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
      case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
      case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
      case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
      case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return ConnectionFault{
            absl::StrCat("its certificate is signed by an unknown CA (",
                         NameOf(X509_get_issuer_name(certificate_.get())),
                         "), which is not in ", roots),
            "set --tls-ca=FILE to the CA certificate that signed it"};
      default:
        return ConnectionFault{
            absl::StrCat("its certificate is not valid: ", why),
            "correct the certificate of the server"};
    }
  }

  // gRPC uses the name localhost for unix sockets.
  std::optional<ConnectionFault> NameFault() const {
    const std::string host = place_.host.empty() ? "localhost" : place_.host;
    if (X509_check_ip_asc(certificate_.get(), host.c_str(), 0) == 1 ||
        X509_check_host(certificate_.get(), host.data(), host.size(), 0,
                        nullptr) == 1) {
      return std::nullopt;
    }
    return ConnectionFault{
        absl::StrCat("its certificate is not for ", Quoted(host), " but for ",
                     Names()),
        "use one of these names in --server, or issue a certificate for this "
        "one"};
  }

  // Returns the names and addresses that the certificate is for.
  std::string Names() const {
    const std::unique_ptr<GENERAL_NAMES,
                          Freed<GENERAL_NAMES, GENERAL_NAMES_free>>
        names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(
            certificate_.get(), NID_subject_alt_name, nullptr, nullptr)));
    std::string text;
    const int count = names == nullptr ? 0 : sk_GENERAL_NAME_num(names.get());
    for (int i = 0; i < count; ++i) {
      std::array<char, 256> name = {};
      BIO* out = BIO_new(BIO_s_mem());
      GENERAL_NAME_print(out, sk_GENERAL_NAME_value(names.get(), i));
      const int size =
          BIO_read(out, name.data(), static_cast<int>(name.size()));
      BIO_free(out);
      if (size <= 0) continue;
      absl::StrAppend(
          &text, text.empty() ? "" : ", ",
          absl::string_view(name.data(), static_cast<size_t>(size)));
    }
    return text.empty() ? "no name" : text;
  }

  static std::string NameOf(const X509_NAME* name) {
    std::array<char, 256> text = {};
    X509_NAME_oneline(name, text.data(), static_cast<int>(text.size()));
    return text.data();
  }

  static std::string DateOf(const ASN1_TIME* time) {
    tm parts = {};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return "an invalid date";
    return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC",
                            absl::FromTM(parts, absl::UTCTimeZone()),
                            absl::UTCTimeZone());
  }

  const Place& place_;
  const Tls& tls_;
  SslContext context_;
  Ssl ssl_;
  Certificate certificate_;
  bool done_ = false;       // the handshake
  bool requested_ = false;  // a certificate, by the server
  int alert_ = 0;
};

// Returns the first bytes of the answer to an HTTP/2 client without TLS.
std::string PlaintextAnswer(const Place& place, absl::Duration limit) {
  const auto socket = ConnectTo(place, limit);
  if (socket == nullptr || send(socket->get(), kHttp2Start.data(),
                                kHttp2Start.size(), MSG_NOSIGNAL) < 0) {
    return "";
  }
  std::array<char, 16> bytes = {};
  const ssize_t size = recv(socket->get(), bytes.data(), bytes.size(), 0);
  return {bytes.data(), static_cast<size_t>(std::max<ssize_t>(size, 0))};
}

}  // namespace

// Chooses the proxy as gRPC does: the first variable that is set, even if it is
// empty, unless the host ends with an entry of no_grpc_proxy or no_proxy.
std::string ProxyOf(absl::string_view target) {
  if (IsLocalTarget(target)) return "";
  const char* name = nullptr;
  const char* value = nullptr;
  for (const char* each : {"grpc_proxy", "https_proxy", "http_proxy"}) {
    name = each;
    value = std::getenv(each);
    if (value != nullptr) break;
  }
  if (value == nullptr || *value == '\0') return "";
  const char* exempt = std::getenv("no_grpc_proxy");
  if (exempt == nullptr) exempt = std::getenv("no_proxy");
  const std::string host = PlaceOf(target).host;
  for (absl::string_view entry :
       absl::StrSplit(exempt == nullptr ? "" : exempt, ',')) {
    entry = absl::StripAsciiWhitespace(entry);
    if (!entry.empty() && absl::EndsWithIgnoreCase(host, entry)) return "";
  }
  absl::string_view proxy = value;
  if (const size_t scheme = proxy.find("://"); scheme != proxy.npos) {
    proxy.remove_prefix(scheme + 3);
  }
  // The user and the password are not shown.
  if (const size_t at = proxy.rfind('@'); at != proxy.npos) {
    proxy.remove_prefix(at + 1);
  }
  absl::ConsumeSuffix(&proxy, "/");
  return absl::StrCat(proxy, " (", name, ")");
}

std::optional<ConnectionFault> FindConnectionFault(absl::string_view target,
                                                   const Tls& tls,
                                                   absl::Duration limit) {
  if (!ProxyOf(target).empty()) return std::nullopt;
  const Place place = PlaceOf(target);
  const absl::Duration each = limit / 2;  // of at most two connections
  const auto socket = ConnectTo(place, each);
  if (socket == nullptr) return std::nullopt;
  const bool with_tls =
      tls.enabled || !tls.ca_file.empty() || !tls.cert_file.empty();
  TlsProbe probe(place, tls);
  if (probe.Handshake(socket->get())) {
    if (with_tls) return probe.Fault();
    return ConnectionFault{
        "it speaks TLS, and this command does not",
        "set --tls-ca=FILE to the CA certificate of the server, or --tls to "
        "trust the system's"};
  }
  const std::string answer = PlaintextAnswer(place, each);
  if (absl::StartsWith(answer, "HTTP/1")) {
    return ConnectionFault{"it speaks HTTP/1, not gRPC",
                           "use the port of the server's --listen, not that of "
                           "its --http"};
  }
  if (with_tls && !answer.empty()) {
    return ConnectionFault{"it does not speak TLS", std::string(kNoTlsHint)};
  }
  return std::nullopt;
}

}  // namespace clockwise::cli
