// Security holds the certificate, the access policy and the audit log of a
// server, as the flags define them. It reloads their files when they change.
// Thread-safe. It owns one thread.
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

// Adds --tls-cert and the other security flags.
void AddSecurityFlags(CLI::App& app, SecurityOptions& options);

// True if only this machine can reach the address `listen`, or if it is not
// valid.
bool IsLocal(const std::string& listen);

class Security {
 public:
  // Opens all files, for a server that listens on `listen`. INVALID_ARGUMENT:
  // flags cannot be combined, plaintext would be served to other machines, or a
  // file is not valid. The message is one line that names the flags.
  static absl::StatusOr<std::unique_ptr<Security>> Open(
      const SecurityOptions& options, const std::string& listen);
  // Checks as Open does. Creates no file.
  [[nodiscard]] static absl::Status Check(const SecurityOptions& options,
                                          const std::string& listen);
  Security(const Security&) = delete;
  Security& operator=(const Security&) = delete;

  // Null if no flag defines it.
  std::shared_ptr<const TlsSource> tls() const { return tls_; }
  std::shared_ptr<const PolicySource> policy() const { return policy_; }
  AuditLog* audit() const { return audit_.get(); }

  // Reloads the files now; this also happens once a second. Logs invalid
  // contents, and keeps the previous ones.
  void Reload();

  // Opens the audit log again if its files were renamed or removed. Logs a
  // failure. Each line of the log does the same without a log message.
  void ReopenAuditLog();

  // Returns when the first certificate of the chain expires; nullopt without
  // TLS.
  std::optional<absl::Time> CertificateExpires() const;
  SecurityFigures Figures() const;

 private:
  Security() = default;

  std::shared_ptr<TlsSource> tls_;
  std::shared_ptr<PolicySource> policy_;
  std::unique_ptr<AuditLog> audit_;
  std::optional<PeriodicTask> reloads_;  // nullopt if no file can change
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_SERVER_SECURITY_H_
