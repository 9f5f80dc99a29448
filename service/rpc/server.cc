#include "service/rpc/server.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "service/api/listen_address.h"
#include "service/rpc/tls_credentials.h"

namespace clockwise {
namespace {

// Time after which gRPC has sent an answer that it has received, unless the
// client does not read. The usual time is far shorter.
constexpr std::chrono::milliseconds kTimeToSend(100);

// True if a process accepts connections on the unix socket `path`. gRPC would
// unlink the socket, and that process could no longer be reached.
bool UnixSocketInUse(absl::string_view path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return false;
  std::copy(path.begin(), path.end(), address.sun_path);
  const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
  if (descriptor < 0) return false;
  const bool in_use =
      connect(descriptor, reinterpret_cast<const sockaddr*>(&address),
              sizeof(address)) == 0;
  close(descriptor);
  return in_use;
}

absl::Status CannotListen(absl::string_view listen) {
  return absl::UnavailableError(
      absl::StrCat("cannot listen on ", listen,
                   ": the address is in use, or this machine cannot use it"));
}

// Checks for addresses that gRPC would accept although they are not valid or in
// use.
absl::Status CheckAddress(absl::string_view listen) {
  absl::string_view path = listen;
  if (!absl::ConsumePrefix(&path, "unix:")) {
    return ParseListenAddress(listen).status();
  }
  return UnixSocketInUse(path) ? CannotListen(listen) : absl::OkStatus();
}

void SetLimits(const ServingLimits& limits, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(limits.request_bytes);
  builder.SetMaxSendMessageSize(-1);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, limits.metadata_bytes);
  grpc::ResourceQuota quota("clockwised");
  builder.SetResourceQuota(quota.Resize(limits.connection_bytes));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             limits.calls_per_connection);
  if (limits.connection_seconds > 0) {
    const auto milliseconds = [](double seconds) {
      return std::max(1, static_cast<int>(seconds * 1000));
    };
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS,
                               milliseconds(limits.connection_seconds));
    builder.AddChannelArgument(
        GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
        milliseconds(std::min(limits.connection_seconds,
                              limits::kConnectionGraceSeconds)));
  }
  // No compression: gRPC unpacks a message before it checks its size, and 400
  // kB of gzip may be half a gigabyte.
  for (const auto algorithm : {GRPC_COMPRESS_DEFLATE, GRPC_COMPRESS_GZIP}) {
    builder.SetCompressionAlgorithmSupportStatus(algorithm, false);
  }
}

}  // namespace

RpcServer::RpcServer(const Options& options)
    : gate_(options.policy,
            options.tls != nullptr && !options.tls->Current()->roots.empty()),
      handlers_(*options.membership, *options.stats, options.limits, gate_,
                options.audit, options.facts, options.heartbeat) {}

RpcServer::~RpcServer() {
  if (server_ == nullptr) return;
  handlers_.Drain();
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

absl::StatusOr<std::unique_ptr<RpcServer>> RpcServer::Start(
    const Options& options) {
  if (absl::Status status = CheckAddress(options.listen); !status.ok()) {
    return status;
  }
  static const bool once [[maybe_unused]] = [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
  std::unique_ptr<RpcServer> server(new RpcServer(options));
  grpc::ServerBuilder builder;
  int port = 0;
  server->credentials_ = options.tls == nullptr
                             ? grpc::InsecureServerCredentials()
                             : NewTlsCredentials(options.tls);
  builder.AddListeningPort(options.listen, server->credentials_, &port);
  // By default, a second server could listen on the same port. It would receive
  // half of the calls, and might use another store.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  const auto keepalive = static_cast<int>(options.keepalive.count());
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive / 3);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Minimum interval of the clients' pings, in milliseconds.
  builder.AddChannelArgument(
      GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  SetLimits(options.limits, builder);
  builder.RegisterService(&server->handlers_);
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr || port == 0) {
    return CannotListen(options.listen);
  }
  server->address_ = options.listen;
  if (auto address = ParseListenAddress(options.listen); address.ok()) {
    address->port = static_cast<uint16_t>(port);
    server->address_ = address->ToString();
  }
  if (options.serving) {
    server->StartServing();
  } else {
    server->server_->GetHealthCheckService()->SetServingStatus(false);
  }
  return server;
}

void RpcServer::StartServing() {
  MutexLock lock(mu_);
  if (leaving_) return;
  auto* health = server_->GetHealthCheckService();
  health->SetServingStatus(true);
  health->SetServingStatus(v1::PlacementService::service_full_name(), true);
}

void RpcServer::EnterLameDuck() {
  MutexLock lock(mu_);
  leaving_ = true;
  handlers_.EnterLameDuck();
  server_->GetHealthCheckService()->SetServingStatus(false);
}

bool RpcServer::WaitForCalls(Time until) const {
  constexpr std::chrono::milliseconds kLookEvery(5);
  while (handlers_.calls_under_way() > 0) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(kLookEvery);
  }
  return true;
}

void RpcServer::Drain(std::chrono::milliseconds grace) {
  const Time until = std::chrono::steady_clock::now() + grace;
  // Phase 1: the handlers reject all new calls with UNAVAILABLE. gRPC's own
  // shutdown would reject calls with CANCELLED until the clients know of it.
  handlers_.Drain();
  // A look-up counts as answered when gRPC has received its answer, so gRPC
  // gets time to send it.
  std::this_thread::sleep_for(std::min(grace, kTimeToSend));
  std::thread shutdown;
  if (!WaitForCalls(
          std::min(until, std::chrono::steady_clock::now() + kTimeToSend))) {
    // Phase 2: some calls take longer. gRPC tells the clients to use other
    // connections for new calls (GOAWAY).
    shutdown = std::thread([&] {
      server_->Shutdown(std::chrono::system_clock::now() + grace + kTimeToSend);
    });
    if (!WaitForCalls(until)) {
      // The grace period is over. The callers of queued changes get an error
      // that says that the outcome is unknown.
      handlers_.ExpireQueuedCalls();
      WaitForCalls(until + kTimeToSend);
    }
  }
  // Phase 3: end the server. Shutdown alone would wait until its deadline for
  // idle clients and for calls of gRPC's own services, and then call this
  // function to cancel them.
  grpc_server_cancel_all_calls(server_->c_server());
  // Other threads cancel the calls. They should finish before gRPC answers new
  // calls with CANCELLED. During a longer pause, clients would connect again.
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  if (shutdown.joinable()) shutdown.join();
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

}  // namespace clockwise
