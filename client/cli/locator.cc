#include "client/cli/locator.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/cli/failure.h"
#include "clockwise/client.h"
#include "service/api/refusal.h"

namespace clockwise::cli {
namespace {

class RemoteLocator final : public Locator {
 public:
  explicit RemoteLocator(Session& session) : session_(session) {}

  absl::Status Locate(const v1::LocateRequest& request,
                      v1::LocateResponse* response) override {
    return session_.connection.Call(&Connection::Stub::Locate, request,
                                    response);
  }
  absl::Status BatchLocate(const v1::BatchLocateRequest& request,
                           v1::BatchLocateResponse* response) override {
    return session_.connection.Call(&Connection::Stub::BatchLocate, request,
                                    response, Retry::kFewTimes);
  }

 private:
  Session& session_;
};

class LocalLocator final : public Locator {
 public:
  explicit LocalLocator(std::unique_ptr<Client> client)
      : client_(std::move(client)) {}

  absl::Status Locate(const v1::LocateRequest& request,
                      v1::LocateResponse* response) override {
    const std::shared_ptr<const View> view = client_->view();
    if (view == nullptr) return NoLayout();
    std::array<uint32_t, kMaxOwners> owners;
    auto count = Find(*view, request.key(), request.replica_count(), owners);
    if (!count.ok()) return count.status();
    Name(*view, *response);
    response->set_hash(view->Hash(request.key()));
    for (size_t i = 0; i < *count; ++i) {
      Describe(view->node(owners[i]), *response->add_owners());
    }
    return absl::OkStatus();
  }

  absl::Status BatchLocate(const v1::BatchLocateRequest& request,
                           v1::BatchLocateResponse* response) override {
    const std::shared_ptr<const View> view = client_->view();
    if (view == nullptr) return NoLayout();
    std::array<uint32_t, kMaxOwners> owners;
    absl::flat_hash_map<uint32_t, uint32_t> named;  // key: index in the view
    Name(*view, *response);
    for (const std::string& key : request.keys()) {
      auto count = Find(*view, key, request.replica_count(), owners);
      if (!count.ok()) return count.status();
      response->set_replica_count(static_cast<uint32_t>(*count));
      for (size_t i = 0; i < *count; ++i) {
        const auto [at, fresh] =
            named.try_emplace(owners[i], static_cast<uint32_t>(named.size()));
        if (fresh) Describe(view->node(owners[i]), *response->add_nodes());
        response->add_owners(at->second);
      }
    }
    return absl::OkStatus();
  }

 private:
  static absl::Status NoLayout() {
    return Refusal(v1::ERROR_REASON_LAYOUT_UNSUPPORTED,
                   "this command does not have the layout of the ring; update "
                   "the command, or omit --local");
  }
  static absl::StatusOr<size_t> Find(const View& view, const std::string& key,
                                     uint32_t replicas,
                                     std::array<uint32_t, kMaxOwners>& owners) {
    auto count = view.Locate(key, replicas, owners.data());
    if (count.ok() && *count == 0) {
      return Refusal(v1::ERROR_REASON_RING_EMPTY, "the ring has no nodes");
    }
    return count;
  }
  template <typename Response>
  static void Name(const View& view, Response& response) {
    response.set_epoch(view.epoch());
    response.set_incarnation(view.incarnation());
    response.set_fingerprint(view.fingerprint());
  }
  static void Describe(const Node& node, v1::Owner& owner) {
    owner.set_node_id(node.id);
    owner.set_address(node.address);
    owner.set_zone(node.zone);
  }

  const std::unique_ptr<Client> client_;
};

// Waits for the ring. Returns false early once each of the `servers` has
// failed.
bool Came(const Client& client, size_t servers, uint64_t epoch,
          absl::Duration timeout) {
  const absl::Time until = absl::Now() + timeout;
  while (absl::Now() < until) {
    if (client.WaitForEpoch(epoch, std::chrono::milliseconds(50)).ok()) {
      return true;
    }
    const State state = client.state();
    if (state.reconnects >= servers && !state.connected) return false;
  }
  return false;
}

// Returns the reason that no ring arrived. An ordinary call distinguishes a
// ring that does not exist from a server that does not answer.
absl::Status WhyNone(Session& session, uint64_t epoch) {
  v1::GetRingResponse ring;
  absl::Status failure = GetRing(session, 0, &ring);
  if (!failure.ok()) return failure;
  return absl::DeadlineExceededError(absl::StrCat(
      "no server sent ring ", Quoted(ring.snapshot().spec().name()),
      " at epoch ", epoch,
      " or later in time; check --min-epoch, or increase --timeout"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Locator>> NewRemoteLocator(Session& session) {
  return std::make_unique<RemoteLocator>(session);
}

absl::StatusOr<std::unique_ptr<Locator>> NewLocalLocator(
    Session& session, const std::string& ring_file, uint64_t min_epoch) {
  Options options;
  options.ring = session.globals.ring;
  options.ring_file = ring_file;
  options.tls = session.globals.tls;
  const std::vector<std::string> servers = ServersOf(session.globals.server);
  auto client = Client::Create(servers, options);
  if (!client.ok()) return BadUsage(client.status().message());
  const uint64_t epoch = std::max<uint64_t>(min_epoch, 1);
  const bool came =
      Came(**client, servers.size(), epoch, session.connection.timeout());
  const State state = (*client)->state();
  if (!state.ring_file_error.empty()) Say(state.ring_file_error);
  if (!came) {
    if (state.source != Source::kFile || state.epoch < epoch) {
      return WhyNone(session, epoch);
    }
    Say(absl::StrCat("no server answers at ", session.globals.server,
                     "; using the ring in ", ring_file,
                     ", which was confirmed ", state.staleness.count() / 1000,
                     " s ago"));
  }
  return std::make_unique<LocalLocator>(*std::move(client));
}

}  // namespace clockwise::cli
