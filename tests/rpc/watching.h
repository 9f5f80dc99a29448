// Fixture with a server as in tests/support/serving.h, and streams that watch
// it.
#ifndef CLOCKWISE_TESTS_RPC_WATCHING_H_
#define CLOCKWISE_TESTS_RPC_WATCHING_H_

#include <memory>
#include <string>

#include "tests/support/serving.h"

namespace clockwise {

class Watching : public Serving {
 protected:
  // One open stream.
  struct Stream {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> reader;

    // Returns the next message; one without event if the stream has ended.
    v1::WatchResponse Next() {
      v1::WatchResponse message;
      if (!reader->Read(&message)) message.Clear();
      return message;
    }
    // Returns the next message that is not a heartbeat.
    v1::WatchResponse NextChange() {
      v1::WatchResponse message = Next();
      while (message.has_heartbeat()) message = Next();
      return message;
    }
  };

  // Return the epoch that a snapshot or a delta leads to, and its fingerprint.
  static uint64_t EpochOf(const v1::WatchResponse& message) {
    return message.has_delta() ? message.delta().epoch()
                               : message.snapshot().epoch();
  }
  static uint64_t FingerprintOf(const v1::WatchResponse& message) {
    return message.has_delta() ? message.delta().fingerprint()
                               : message.snapshot().fingerprint();
  }

  std::unique_ptr<Stream> Watch(uint64_t known_epoch = 0,
                                uint64_t known_incarnation = 0,
                                const std::string& ring = "",
                                bool include_moves = false) {
    auto stream = std::make_unique<Stream>();
    SetDeadline(stream->context);
    v1::WatchRequest request;
    request.set_ring(ring);
    request.set_known_epoch(known_epoch);
    request.set_known_incarnation(known_incarnation);
    request.set_include_moves(include_moves);
    stream->reader = stub_->Watch(&stream->context, request);
    return stream;
  }

  uint64_t incarnation() { return (*membership_->Find(""))->incarnation; }
  uint64_t fingerprint() {
    return (*membership_->Find(""))->ring().fingerprint();
  }
};

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_RPC_WATCHING_H_
