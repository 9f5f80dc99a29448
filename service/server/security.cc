#include "service/server/security.h"

#include <CLI/CLI.hpp>
#include <chrono>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/api/listen_address.h"
#include "service/runtime/log.h"

namespace clockwise {
namespace {

constexpr std::chrono::seconds kBetweenReloads(1);

absl::Status CheckTogether(const SecurityOptions& options,
                           const std::string& listen) {
  if (options.tls.certificate.empty() != options.tls.key.empty()) {
    return absl::InvalidArgumentError(
        "--tls-cert, --tls-key: only one of them is set; set both or none");
  }
  const bool tls = !options.tls.certificate.empty();
  if (!options.tls.roots.empty() && !tls) {
    return absl::InvalidArgumentError(
        "--tls-client-ca: requires TLS; set --tls-cert and --tls-key");
  }
  if (options.http_tls && !tls) {
    return absl::InvalidArgumentError(
        "--http-tls: requires TLS; set --tls-cert and --tls-key");
  }
  if (!options.access.tokens.empty() && options.access.policy.empty()) {
    return absl::InvalidArgumentError(
        "--token-file: requires an access policy; set --access-policy");
  }
  if (tls || options.insecure_listen || IsLocal(listen)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "--listen: other machines could reach ", listen,
      " without TLS; set --tls-cert and --tls-key, or allow it with "
      "--insecure-listen"));
}

absl::Status InFlag(absl::string_view flag, const absl::Status& status) {
  return absl::InvalidArgumentError(absl::StrCat(flag, ": ", status.message()));
}

template <typename Source>
void ReloadFrom(Source* source, absl::string_view what) {
  if (source == nullptr) return;
  absl::Status why;
  switch (source->Reload(why)) {
    case Source::Outcome::kReplaced:
      LogInfo("reloaded", {{"what", std::string(what)}});
      break;
    case Source::Outcome::kRefused:
      LogWarning(
          "reload rejected: the file is not valid; the previous one is kept",
          {{"what", std::string(what)}, {"why", std::string(why.message())}});
      break;
    case Source::Outcome::kUnchanged:
      break;
  }
}

}  // namespace

bool IsLocal(const std::string& listen) {
  if (absl::StartsWith(listen, "unix:")) return true;
  const auto address = ParseListenAddress(listen);
  if (!address.ok()) return true;  // RpcServer::Start reports the error
  return address->host == "localhost" || address->host == "::1" ||
         absl::StartsWith(address->host, "127.");
}

void AddSecurityFlags(CLI::App& app, SecurityOptions& options) {
  const auto add_file = [&app](const char* flag, std::string& path,
                               const char* help) {
    app.add_option(flag, path, help)->type_name("FILE");
  };
  add_file("--tls-cert", options.tls.certificate,
           "Certificate chain of the server (PEM, server first); enables TLS");
  add_file("--tls-key", options.tls.key,
           "Private key of --tls-cert (PEM, not encrypted)");
  add_file("--tls-client-ca", options.tls.roots,
           "CA certificates of clients (PEM); requires client certificates");
  app.add_flag("--http-tls", options.http_tls,
               "Use TLS on the HTTP port, with the same certificates");
  app.add_flag("--insecure-listen", options.insecure_listen,
               "Allow plaintext on an address that other machines can reach");
  add_file("--access-policy", options.access.policy,
           "Access policy (JSON); without it every client has all rights");
  add_file("--token-file", options.access.tokens,
           "Bearer tokens of the access policy, one NAME SHA256 per line");
  add_file("--audit-log", options.audit_log,
           "Append one line of JSON for each change; rejected calls go to "
           "FILE.refused");
  CLI::Range size(size_t{1}, limits::kMaxAuditFileBytes);
  size.description("");
  app.add_option("--audit-log-bytes", options.audit_log_bytes,
                 "Size at which a file of the audit log is rotated, in bytes; "
                 "nine old files are kept")
      ->type_name("BYTES")
      ->check(size);
}

absl::Status Security::Check(const SecurityOptions& options,
                             const std::string& listen) {
  SecurityOptions files_to_read = options;
  files_to_read.audit_log.clear();  // opening it would create the file
  absl::Status status = Open(files_to_read, listen).status();
  if (!status.ok() || options.audit_log.empty()) return status;
  status = AuditLog::Check({options.audit_log, options.audit_log_bytes});
  return status.ok() ? status : InFlag("--audit-log", status);
}

absl::StatusOr<std::unique_ptr<Security>> Security::Open(
    const SecurityOptions& options, const std::string& listen) {
  if (absl::Status status = CheckTogether(options, listen); !status.ok()) {
    return status;
  }
  std::unique_ptr<Security> security(new Security());
  if (!options.tls.certificate.empty()) {
    auto tls = OpenTls(options.tls);
    if (!tls.ok()) {
      return InFlag("--tls-cert, --tls-key, --tls-client-ca", tls.status());
    }
    security->tls_ = *std::move(tls);
  }
  if (!options.access.policy.empty()) {
    auto policy = OpenPolicy(options.access);
    if (!policy.ok()) {
      return InFlag("--access-policy, --token-file", policy.status());
    }
    security->policy_ = *std::move(policy);
  }
  if (!options.audit_log.empty()) {
    auto audit = AuditLog::Open({options.audit_log, options.audit_log_bytes});
    if (!audit.ok()) return InFlag("--audit-log", audit.status());
    security->audit_ = *std::move(audit);
  }
  if (security->tls_ != nullptr || security->policy_ != nullptr) {
    security->reloads_.emplace([self = security.get()](const std::stop_token&) {
      self->Reload();
      return PeriodicTask::Clock::now() + kBetweenReloads;
    });
  }
  return security;
}

void Security::Reload() {
  ReloadFrom(tls_.get(), "certificate");
  ReloadFrom(policy_.get(), "policy");
}

void Security::ReopenAuditLog() {
  if (audit_ == nullptr) return;
  const absl::Status status = audit_->Reopen();
  if (status.ok()) return;
  LogWarning("the audit log cannot be opened again",
             {{"why", std::string(status.message())}});
}

std::optional<absl::Time> Security::CertificateExpires() const {
  if (tls_ == nullptr) return std::nullopt;
  return tls_->Current()->expires;
}

SecurityFigures Security::Figures() const {
  SecurityFigures figures;
  if (tls_ != nullptr) {
    const TlsSource::Figures tls = tls_->figures();
    figures.certificate_expires = absl::ToUnixSeconds(*CertificateExpires());
    figures.reloads.push_back({"certificate", tls.replaced, tls.refused});
  }
  if (policy_ != nullptr) {
    const PolicySource::Figures policy = policy_->figures();
    figures.reloads.push_back({"policy", policy.replaced, policy.refused});
  }
  if (audit_ != nullptr) figures.audit_lost = audit_->lost();
  return figures;
}

}  // namespace clockwise
