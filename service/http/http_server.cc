#include "service/http/http_server.h"

#include <cassert>
#include <utility>

#include "service/http/http_listener.h"

namespace clockwise {

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(Options options) {
  assert(options.metrics && options.ready);
  auto address = ParseListenAddress(options.address);
  if (!address.ok()) return address.status();
  options.hosts.push_back(address->host);
  auto listener = std::make_unique<http_io::Listener>(std::move(options));
  if (auto started = listener->Start(*address); !started.ok()) return started;
  return std::unique_ptr<HttpServer>(
      new HttpServer(*std::move(address), std::move(listener)));
}

HttpServer::HttpServer(ListenAddress address,
                       std::unique_ptr<http_io::Listener> listener)
    : address_(std::move(address)), listener_(std::move(listener)) {}

HttpServer::~HttpServer() = default;

void HttpServer::Stop() { listener_->Stop(); }

}  // namespace clockwise
