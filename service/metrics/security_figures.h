// Figures about the server's certificate, policy, audit log and self-probe, for
// metrics/. A value.
#ifndef CLOCKWISE_SERVICE_METRICS_SECURITY_FIGURES_H_
#define CLOCKWISE_SERVICE_METRICS_SECURITY_FIGURES_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace clockwise {

struct SecurityFigures {
  std::optional<int64_t> certificate_expires;  // seconds since 1970
  struct Reloads {
    const char* what;
    uint64_t replaced;
    uint64_t refused;
  };
  std::vector<Reloads> reloads;
  // Calls that access control rejected, by reason.
  std::vector<std::pair<const char*, uint64_t>> refused;
  std::optional<uint64_t> audit_lost;
  uint64_t probe_failures = 0;  // the server did not answer at its own address
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_METRICS_SECURITY_FIGURES_H_
