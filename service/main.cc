// The server, clockwised: reads its options, starts its parts, and serves until
// SIGTERM.
#include <absl/synchronization/mutex.h>
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "clockwise/stored/v1/stored.pb.h"
#include "service/api/listen_address.h"
#include "service/membership/membership.h"
#include "service/membership/timestamp.h"
#include "service/rpc/server.h"
#include "service/rpc/server_status.h"
#include "service/runtime/log.h"
#include "service/server/monitoring.h"
#include "service/server/options.h"
#include "service/server/self_probe.h"
#include "service/server/service_manager.h"
#include "service/server/store_link.h"
#include "service/server/store_options.h"
#include "service/store/store.h"

namespace clockwise {
namespace {

absl::Status InFlag(absl::string_view flag, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(flag, ": ", status.message()));
}

// Makes malloc return large blocks to the system as soon as they are free, and
// use as many heaps as processors. By default, glibc raises its threshold to
// the size of freed blocks, up to 32 MiB, and has eight heaps per processor
// that keep such blocks.
void ReturnLargeBlocks() {
  mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
  mallopt(M_ARENA_MAX,
          static_cast<int>(std::max(2u, std::thread::hardware_concurrency())));
}

// Blocks the signals that end the server, and SIGHUP, which reloads its files,
// in all threads. The main thread waits for them.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGHUP);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a full disk then fails in write()
  return signals;
}

// Returns when a signal ends the server.
void WaitForEnd(const sigset_t& signals,
                const std::function<void()>& reload = nullptr) {
  for (int received = 0;;) {
    sigwait(&signals, &received);
    if (received != SIGHUP) return;
    if (reload) reload();
  }
}

Membership::Options MembershipOptions(const ServerOptions& options,
                                      Store& store) {
  Membership::Options membership_options;
  membership_options.store = &store;
  membership_options.now = [] { return absl::Now(); };
  membership_options.random = [] {
    std::random_device device;
    return uint64_t{device()} << 32 | device();
  };
  membership_options.history_changes = options.history_changes;
  membership_options.history_bytes = options.history_bytes;
  membership_options.max_points = options.max_points;
  membership_options.store_refusal = LogStoreRefusal;
  membership_options.keep_deleted = absl::Hours(options.keep_deleted_hours);
  return membership_options;
}

RpcServer::Options RpcOptions(const ServerOptions& options,
                              Membership& membership, RpcStats& stats,
                              const Security& security, const Store& store) {
  RpcServer::Options rpc_options;
  rpc_options.listen = options.listen;
  rpc_options.heartbeat = Milliseconds(options.watch_heartbeat);
  rpc_options.membership = &membership;
  rpc_options.serving = !IsEtcd(options.store);  // else once it is loaded
  rpc_options.stats = &stats;
  rpc_options.limits = options.serving;
  rpc_options.policy = security.policy();
  rpc_options.audit = security.audit();
  rpc_options.tls = security.tls();
  std::random_device random;
  rpc_options.facts = {CLOCKWISE_VERSION,
                       options.store,
                       absl::Now(),
                       uint64_t{random()} << 32 | random(),
                       [&security] { return security.CertificateExpires(); },
                       [&store] { return store.Servers(); }};
  return rpc_options;
}

// Lists this server in its store.
void Announce(const ServerOptions& options, const ServerFacts& facts,
              const RpcServer& rpc, Store& store) {
  stored::v1::ServerEntry entry;
  entry.set_instance(facts.instance);
  entry.set_address(options.advertise.empty() ? AdvertisedAddress(rpc.address())
                                              : options.advertise);
  entry.set_version(facts.version);
  *entry.mutable_start_time() = ToTimestamp(facts.started);
  store.Announce(entry);
}

void TellReady(const Membership& membership, const RpcServer& rpc,
               const Monitoring& http) {
  LogInfo("serving", {{"rings", absl::StrCat(membership.Rings().size())}});
  std::printf("clockwised ready grpc=%s http=%s\n", rpc.address().c_str(),
              http.address().c_str());
  std::fflush(stdout);
  TellManager("READY=1");
}

// Returns the interval of the self-probe; 0 disables it. It is at most a third
// of the watchdog's time, so that a delayed probe still feeds the watchdog.
std::chrono::milliseconds ProbeInterval(const ServerOptions& options) {
  const auto interval = Milliseconds(options.self_probe);
  const auto watchdog = WatchdogTime();
  if (!watchdog.has_value()) return interval;
  return std::min(
      interval,
      std::chrono::duration_cast<std::chrono::milliseconds>(*watchdog / 3));
}

// Returns once the calls in progress are answered. A server that was never
// ready has no clients that must leave first, so it skips the lame duck.
void Drain(RpcServer& rpc, Store& store, const ServerOptions& options,
           bool ready, sigset_t signals) {
  // A second signal ends the process at once.
  std::thread([signals] {
    WaitForEnd(signals);
    LogWarning("terminated immediately by a second signal");
    std::_Exit(1);
  }).detach();
  TellManager("STOPPING=1");
  LogInfo("draining", {{"lame_duck", absl::StrCat(options.lame_duck, "s")}});
  rpc.EnterLameDuck();
  if (ready) std::this_thread::sleep_for(Milliseconds(options.lame_duck));
  store.Withdraw();  // while it can still be reached
  rpc.Drain(Milliseconds(options.drain_grace));
}

absl::Status Serve(const ServerOptions& options) {
  ReturnLargeBlocks();
  const sigset_t signals = BlockSignals();
  SetLog(options.log_format, options.log_level);
  SilenceLibraryLogs();
  auto security = Security::Open(options.security, options.listen);
  if (!security.ok()) return security.status();
  auto store = OpenStore(options.store, options.etcd, options.require_existing);
  if (!store.ok()) return store.status();
  // A private store is available at once or fails the start. A shared store may
  // become available later, so the server waits for it.
  const bool shared = IsEtcd(options.store);
  const FirstRings first = {options.default_ring, options.require_existing};
  Membership membership(MembershipOptions(options, **store));
  if (!shared) {
    absl::Status status = membership.Load();
    if (status.ok()) status = EnsureRings(membership, first);
    if (!status.ok()) return status;
  }

  RpcStats stats;
  const RpcServer::Options rpc_options =
      RpcOptions(options, membership, stats, **security, **store);
  auto rpc = RpcServer::Start(rpc_options);
  if (!rpc.ok()) return InFlag("--listen", rpc.status());
  SelfProbe probe((*rpc)->address(), ProbeInterval(options));

  auto http = Monitoring::Start(
      options, {&membership, &stats, security->get(), rpc->get(), &probe});
  if (!http.ok()) return InFlag("--http", http.status());

  JoinLibraryLogs();
  LogInfo("started", {{"version", CLOCKWISE_VERSION},
                      {"grpc", (*rpc)->address()},
                      {"http", (*http)->address()},
                      {"store", options.store},
                      {"config", options.config}});
  const TrustLog trust(**store);
  std::optional<StoreLink> link;
  absl::Status failure;  // written by the thread of `link`
  if (shared) {
    link.emplace(
        **store, membership, first,
        [&] {
          (*rpc)->StartServing();
          Announce(options, rpc_options.facts, **rpc, **store);
          TellReady(membership, **rpc, **http);
        },
        [&failure](const absl::Status& why) {
          if (!failure.ok()) return;
          failure = why;
          kill(getpid(), SIGTERM);  // ends WaitForEnd
        });
  } else {
    Announce(options, rpc_options.facts, **rpc, **store);
    TellReady(membership, **rpc, **http);
  }
  WaitForEnd(signals, [&] {
    (*security)->Reload();
    (*security)->ReopenAuditLog();
    (*store)->ReloadCredentials();
  });
  probe.Stop();
  Drain(**rpc, **store, options, membership.Ready().ok(), signals);
  link.reset();  // ends calls that wait for the store
  (*http)->Stop();
  LogInfo("drained");
  return failure;
}

// Checks flags and files as Serve does. Opens no store and no port, and creates
// no file.
absl::Status CheckConfig(const ServerOptions& options) {
  absl::Status status =
      CheckStore(options.store, options.etcd, options.require_existing);
  if (!status.ok()) return status;
  status = Security::Check(options.security, options.listen);
  if (!status.ok()) return status;
  status = ParseListenAddress(options.listen).status();
  if (!status.ok() && !absl::StartsWith(options.listen, "unix:")) {
    return InFlag("--listen", status);
  }
  status = ParseListenAddress(options.http).status();
  if (!status.ok()) return InFlag("--http", status);
  std::puts("the configuration is valid");
  return absl::OkStatus();
}

int Main(const std::vector<std::string>& arguments) {
  // Debian's Abseil keeps a graph of all held locks. It costs an eighth of each
  // call, and aborts the process when it suspects a cycle.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const auto options = ParseOptions(arguments);
  absl::Status status = options.status();
  if (status.ok() && !options->help.empty()) {
    std::fputs(options->help.c_str(), stdout);
    return 0;
  }
  if (status.ok() && options->check_config) {
    status = CheckConfig(*options);
  } else if (status.ok()) {
    status = Serve(*options);
  }
  if (status.ok()) return 0;
  std::fprintf(stderr, "clockwised: %s\n",
               std::string(status.message()).c_str());
  return 1;
}

}  // namespace
}  // namespace clockwise

int main(int argc, char** argv) {
  return clockwise::Main(std::vector<std::string>(argv + 1, argv + argc));
}
