// How a server is kept from those who do not belong: its certificate, its
// policy and its audit log, as flags name them, kept at what their files say.
// Thread-safe.
#ifndef CLOCKWISE_SERVICE_SERVER_SECURITY_H_
#define CLOCKWISE_SERVICE_SERVER_SECURITY_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "service/access/audit_log.h"
#include "service/access/policy.h"
#include "service/limits.h"
#include "service/metrics/security_figures.h"
#include "service/runtime/periodic_task.h"
#include "service/tls/tls_material.h"

namespace CLI {
class App;
}

namespace clockwise {

struct SecurityOptions {
  TlsFiles tls;
  bool http_tls = false;
  bool insecure_listen = false;
  PolicyFiles access;
  std::string audit_log;
  size_t audit_log_bytes = limits::kAuditFileBytes;
};

void AddSecurityFlags(CLI::App& app, SecurityOptions& options);

class Security {
 public:
  // For a server that listens on `listen`. InvalidArgument: the flags do not go
  // together, plaintext would be served to a network, or a file is not in
  // order; one line that names the flag.
  static absl::StatusOr<std::unique_ptr<Security>> Open(
      const SecurityOptions& options, const std::string& listen);
  Security(const Security&) = delete;
  Security& operator=(const Security&) = delete;

  // Null where the flags name none.
  std::shared_ptr<const TlsSource> tls() const { return tls_; }
  std::shared_ptr<const PolicySource> policy() const { return policy_; }
  AuditLog* audit() const { return audit_.get(); }

  // Reads the files again, now; else once a second. What is not in order is
  // logged and changes nothing.
  void Reload();

  // When the first of the chain expires; nothing without TLS.
  std::optional<absl::Time> CertificateExpires() const;
  SecurityFigures Figures() const;

 private:
  Security() = default;

  std::shared_ptr<TlsSource> tls_;
  std::shared_ptr<PolicySource> policy_;
  std::unique_ptr<AuditLog> audit_;
  std::optional<PeriodicTask> reloads_;  // none without files to reload
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_SERVER_SECURITY_H_
