#include "client/lib/call.h"

#include <memory>
#include <optional>
#include <random>

#include "absl/time/clock.h"
#include "service/channel/status_mapping.h"

namespace clockwise::client {

Outcome CallServers(Targets& targets, const RetryPolicy& policy,
                    Attempt attempt) {
  Retries retries(policy, targets.size(), absl::Now());
  std::optional<std::minstd_rand> random;  // most calls need none
  for (size_t target = targets.preferred();;
       target = (target + 1) % targets.size()) {
    grpc::ClientContext context;
    context.set_deadline(
        absl::ToChronoTime(retries.AttemptDeadline(absl::Now())));
    const std::shared_ptr<v1::PlacementService::Stub> stub =
        targets.stub(target);
    Outcome outcome{FromGrpc(attempt(*stub, context)), true};
    if (outcome.status.ok()) {
      targets.Prefer(target);
      return outcome;
    }
    outcome.connected = targets.connected(target);
    if (!random.has_value()) random.emplace(std::random_device()());
    const auto wait =
        retries.Next(outcome, absl::Now(),
                     std::uniform_real_distribution<double>()(*random));
    if (!wait.has_value()) return retries.reported();
    absl::SleepFor(*wait);
  }
}

}  // namespace clockwise::client
