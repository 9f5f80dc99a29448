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

// An answer that gRPC has been handed leaves in far less than this, unless its
// client does not read.
constexpr std::chrono::milliseconds kTimeToSend(100);

// Whether someone accepts connections on the unix socket `path`. gRPC would
// unlink it and leave its owner unreachable.
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
                   ": it is taken or no address of this machine"));
}

// What gRPC would take for an address although it is none, or has an owner.
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
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             limits.calls_per_connection);
  // What is unpacked is held before its size is looked at: 400 kB of gzip may
  // be half a gigabyte.
  for (const auto algorithm : {GRPC_COMPRESS_DEFLATE, GRPC_COMPRESS_GZIP}) {
    builder.SetCompressionAlgorithmSupportStatus(algorithm, false);
  }
}

}  // namespace

RpcServer::RpcServer(const Options& options)
    : gate_(options.policy),
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
  // By default a second server on the port would succeed, and take half of the
  // calls to another store.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  const auto keepalive = static_cast<int>(options.keepalive.count());
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive / 3);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Clients may ask too, but not so often that it is a load.
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
  // First our handlers refuse all new calls, with UNAVAILABLE. gRPC itself
  // would refuse them with CANCELLED while its clients do not know yet.
  handlers_.Drain();
  // Look-ups count as answered when they are handed to gRPC.
  std::this_thread::sleep_for(std::min(grace, kTimeToSend));
  std::thread shutdown;
  if (!WaitForCalls(
          std::min(until, std::chrono::steady_clock::now() + kTimeToSend))) {
    // Some calls take longer. gRPC tells the clients to leave (GOAWAY).
    shutdown = std::thread([&] {
      server_->Shutdown(std::chrono::system_clock::now() + grace + kTimeToSend);
    });
    if (!WaitForCalls(until)) {
      // The grace is over. The callers of queued changes learn that the outcome
      // is unknown, rather than nothing.
      handlers_.ExpireQueuedCalls();
      WaitForCalls(until + kTimeToSend);
    }
  }
  // Shutdown by itself waits until its deadline for idle clients to leave, and
  // for the calls of gRPC's own services. It then cuts them by this function.
  grpc_server_cancel_all_calls(server_->c_server());
  // The cut is made on other threads, and should be over before gRPC answers
  // new calls with CANCELLED; too long a pause lets clients connect again.
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  if (shutdown.joinable()) shutdown.join();
  server_->Shutdown(std::chrono::system_clock::now());
  server_->Wait();
}

}  // namespace clockwise
