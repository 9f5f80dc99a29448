#include "client/lib/watch_call.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"

namespace clockwise::client {
namespace {

// A wait is split into pieces. If a piece takes this much longer than
// requested, the process was not running (SIGSTOP, a suspended machine).
constexpr absl::Duration kPiece = absl::Seconds(1);
constexpr absl::Duration kStoodStill = absl::Seconds(1);
constexpr absl::Duration kForTheStatus = absl::Seconds(10);

constexpr absl::Duration kShortestSilence = absl::Seconds(3);

}  // namespace

absl::Duration SilenceLimit(absl::Duration unknown, uint32_t heartbeat_ms) {
  if (heartbeat_ms == 0) return unknown;
  return std::max(3 * absl::Milliseconds(int64_t{heartbeat_ms}),
                  std::min(unknown, kShortestSilence));
}

WatchCall::WatchCall(v1::PlacementService::Stub& stub,
                     const v1::WatchRequest& request, bool wait_for_ready) {
  context_.set_wait_for_ready(wait_for_ready);
  reader_ = stub.PrepareAsyncWatch(&context_, request, &queue_);
  reader_->StartCall(this);
}

WatchCall::~WatchCall() {
  context_.TryCancel();
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_.Next(&tag, &ok)) {
  }
}

grpc::Status WatchCall::Next(absl::Duration time, v1::WatchResponse* message) {
  bool ok = true;
  if (!std::exchange(started_, true)) ok = Await(time);
  if (ok) {
    reader_->Read(message, this);
    ok = Await(time);
  }
  if (waited_ == Waited::kStoodStill) {
    return {grpc::StatusCode::ABORTED,
            "this process was suspended for a while"};
  }
  if (ok) return grpc::Status::OK;
  if (waited_ == Waited::kSilent) {
    return {grpc::StatusCode::DEADLINE_EXCEEDED,
            "no message arrived on the stream in time"};
  }
  grpc::Status end;
  reader_->Finish(&end, this);
  Await(kForTheStatus);
  return end;
}

bool WatchCall::Await(absl::Duration time) {
  void* tag = nullptr;
  bool ok = false;
  // Uses the clock that also advances while the machine is suspended.
  const absl::Time until = absl::Now() + time;
  while (true) {
    const absl::Time piece = std::min(absl::Now() + kPiece, until);
    const auto next = queue_.AsyncNext(&tag, &ok, absl::ToChronoTime(piece));
    const absl::Time now = absl::Now();
    if (now > piece + kStoodStill) {
      waited_ = Waited::kStoodStill;
      if (next != grpc::CompletionQueue::TIMEOUT) return false;
      break;
    }
    if (next != grpc::CompletionQueue::TIMEOUT) return ok;
    if (now >= until) {
      waited_ = Waited::kSilent;
      break;
    }
  }
  context_.TryCancel();
  // The cancelled operation completes now. Its memory must live until then.
  queue_.Next(&tag, &ok);
  return false;
}

}  // namespace clockwise::client
