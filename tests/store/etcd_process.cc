#include "tests/store/etcd_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

namespace clockwise {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

// Returns a port that was free a moment ago.
int FreePort() {
  const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (bind(descriptor, any, size) != 0 ||
      getsockname(descriptor, any, &size) != 0) {
    std::abort();
  }
  close(descriptor);
  return ntohs(address.sin_port);
}

}  // namespace

EtcdProcess::EtcdProcess(int64_t quota_bytes)
    : quota_bytes_(quota_bytes),
      address_(absl::StrCat("127.0.0.1:", FreePort())),
      peer_(absl::StrCat("http://127.0.0.1:", FreePort())) {
  Start();
}

EtcdProcess::~EtcdProcess() { Kill(); }

EtcdProcess& EtcdProcess::Shared() {
  // Static, so that it is destroyed when the process ends.
  static const auto shared = std::make_unique<EtcdProcess>();
  return *shared;
}

void EtcdProcess::Start() {
  const std::string url = "http://" + address_;
  std::vector<std::string> arguments = {
      "etcd",
      "--name=one",
      "--data-dir=" + folder_.File("data"),
      "--listen-client-urls=" + url,
      "--advertise-client-urls=" + url,
      "--listen-peer-urls=" + peer_,
      "--initial-advertise-peer-urls=" + peer_,
      "--initial-cluster=one=" + peer_,
      absl::StrCat("--quota-backend-bytes=", quota_bytes_)};
  std::vector<char*> raw;
  for (std::string& argument : arguments) raw.push_back(argument.data());
  raw.push_back(nullptr);
  const std::string log = folder_.File("log");
  pid_ = fork();
  if (pid_ == 0) {
    const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(out, 1);
    dup2(out, 2);
    execvp("etcd", raw.data());
    _exit(127);
  }
  for (int i = 0; i < 600 && !Healthy(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  if (!Healthy()) {
    ADD_FAILURE() << "etcd (package etcd-server) did not start:\n"
                  << ReadBytes(log);
    std::abort();
  }
}

void EtcdProcess::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void EtcdProcess::Empty() const {
  std::filesystem::remove_all(folder_.File("data"));
}

void EtcdProcess::MoveAway() const {
  std::filesystem::rename(folder_.File("data"), folder_.File("away"));
}

void EtcdProcess::MoveBack() const {
  Empty();
  std::filesystem::rename(folder_.File("away"), folder_.File("data"));
}

void EtcdProcess::Pause() { kill(pid_, SIGSTOP); }
void EtcdProcess::Resume() { kill(pid_, SIGCONT); }

bool EtcdProcess::Healthy() const {
  const std::string answer = Post("/v3/maintenance/status", "{}");
  return answer.find("\"leader\"") != std::string::npos;
}

std::string EtcdProcess::Post(const std::string& path,
                              const std::string& body) const {
  const int descriptor = socket(AF_INET, SOCK_STREAM, 0);
  const int port = std::stoi(address_.substr(address_.find(':') + 1));
  sockaddr_in address = Loopback(port);
  std::string answer;
  if (connect(descriptor, reinterpret_cast<sockaddr*>(&address),
              sizeof(address)) == 0) {
    const std::string request = absl::StrCat(
        "POST ", path, " HTTP/1.1\r\nHost: etcd\r\nConnection: close\r\n",
        "Content-Length: ", body.size(), "\r\n\r\n", body);
    if (write(descriptor, request.data(), request.size()) > 0) {
      char buffer[4096];
      for (ssize_t n = 0; (n = read(descriptor, buffer, sizeof(buffer))) > 0;) {
        answer.append(buffer, static_cast<size_t>(n));
      }
    }
  }
  close(descriptor);
  return answer;
}

}  // namespace clockwise
