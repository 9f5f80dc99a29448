// The servers that a client may use: a channel each, which connects with its
// first call.
// Thread-safe.
#ifndef CLOCKWISE_CLIENT_LIB_TARGETS_H_
#define CLOCKWISE_CLIENT_LIB_TARGETS_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "clockwise/v1/placement.grpc.pb.h"

namespace grpc {
class Status;
}

namespace clockwise::client {

class Targets {
 public:
  // In random order.
  explicit Targets(std::vector<std::string> addresses);

  size_t size() const { return all_.size(); }
  const std::string& address(size_t i) const { return all_[i].address; }
  v1::PlacementService::Stub& stub(size_t i) { return *all_[i].stub; }

  // The one that answered last; calls begin there.
  size_t preferred() const { return preferred_.load(); }
  void Prefer(size_t i) { preferred_.store(i); }

 private:
  struct Target {
    std::string address;
    std::unique_ptr<v1::PlacementService::Stub> stub;
  };

  std::vector<Target> all_;
  std::atomic<size_t> preferred_ = 0;
};

// A call's end as this library's users get it: gRPC's code, and in payloads the
// ErrorInfo, BadRequest and RetryInfo of a refusal.
absl::Status FromGrpc(const grpc::Status& status);

// How long a server asks to wait before the next attempt; zero: it does not
// say.
absl::Duration RetryDelayOf(const absl::Status& status);

}  // namespace clockwise::client

#endif  // CLOCKWISE_CLIENT_LIB_TARGETS_H_
