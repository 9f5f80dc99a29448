#include "service/rpc/locate/locate_streams.h"

#include <optional>
#include <utility>
#include <vector>

#include "service/access/failed_attempts.h"
#include "service/channel/status_mapping.h"
#include "service/rpc/wire.h"

namespace clockwise {
namespace {

absl::Status ClientGone() {
  return absl::CancelledError("the client is no longer connected");
}

}  // namespace

// Stream is one call. gRPC calls it on several threads at once. Operations are
// started without the lock, and as the last step: after a write or Finish has
// started, the stream may be destroyed.
//
// Invariants: at most one read, one computation and one write run at a time.
// The next read starts together with the write of the answer to the last
// request. The call is finished once, when it has an end status and no answer
// is being computed or written. A read may still be pending then.
class LocateStreams::Stream final : public Reactor {
 public:
  Stream(LocateStreams& streams, const grpc::CallbackServerContext& context)
      : counted_(streams.calls_),
        streams_(streams),
        context_(context),
        network_(NetworkOf(context.peer())) {}

  const std::string& network() const { return network_; }

  // Starts the stream. It holds a reference to itself until OnDone, because
  // gRPC has only a plain pointer.
  void Start(StreamPtr self, const absl::Status& admitted) {
    self_ = std::move(self);
    if (admitted.ok()) {
      StartRead(&request_);
    } else {
      End(admitted);
    }
  }

  // Ends the stream with `status` as soon as no answer is computed or written.
  void End(const absl::Status& status) {
    {
      MutexLock lock(mu_);
      if (!end_.has_value()) end_ = status;
    }
    FinishIfIdle();
  }

  void OnReadDone(bool ok) override {
    {
      MutexLock lock(mu_);
      if (end_.has_value()) return;  // no answer after the end was decided
      answering_ = ok;
    }
    if (!ok) {
      End(context_.IsCancelled() ? ClientGone() : absl::OkStatus());
      return;
    }
    streams_.stats_.Of(Method::kLocateStream).CountReceived();
    const grpc::Slice request = ToSlice(request_);
    LocateHandler& handler = streams_.locate_handler_;
    std::string ring;
    const auto answer = handler.Locate<v1::BatchLocateRequest>(
        context_, Method::kLocateStream, request, &ring);
    {
      MutexLock lock(mu_);
      ring_ = std::move(ring);
    }
    if (answer.has_value()) {
      Take(*answer);
    } else {
      handler.Wait<v1::BatchLocateRequest>(
          context_, Method::kLocateStream, request,
          [this](const LocateHandler::Reply& later) { Take(later); });
    }
  }

  // Ends the stream if its caller lost the role on the ring of the last
  // request. LIMIT_REACHED does not end it: other calls from its network had
  // too many unknown tokens, so the caller cannot be checked for now.
  void CheckCaller() {
    {
      MutexLock lock(mu_);
      // The context exists until the call is finished.
      if (end_.has_value() || finished_) return;
      const absl::Status status =
          ring_.has_value()
              ? streams_.gate_.Check(context_, Method::kLocateStream, *ring_)
              : streams_.gate_.CheckIdentity(context_, Method::kLocateStream);
      if (!absl::IsUnauthenticated(status) &&
          !absl::IsPermissionDenied(status)) {
        return;
      }
      end_ = status;
    }
    FinishIfIdle();
  }

  void OnWriteDone(bool ok) override {
    if (ok) streams_.stats_.Of(Method::kLocateStream).CountSent();
    bool next = false;
    bool read = false;
    {
      MutexLock lock(mu_);
      writing_ = false;
      if (!ok) {
        // This replaces any other end status: no answer can be sent any more.
        waiting_.reset();
        end_ = ClientGone();
      }
      if (ok && waiting_.has_value()) {
        answer_ = *std::exchange(waiting_, std::nullopt);
        next = writing_ = true;
        read = !end_.has_value();
      }
    }
    if (read) StartRead(&request_);
    if (next) {
      StartWrite(&answer_.bytes);
    } else {
      FinishIfIdle();
    }
  }

  void OnDone() override {
    absl::Status status;
    {
      MutexLock lock(mu_);
      status = *end_;
    }
    // Must be the last statement: it may destroy the stream.
    streams_.Forget(std::exchange(self_, nullptr), status);
  }

 private:
  // An answer, and its memory.
  struct Answer {
    grpc::ByteBuffer bytes;
    ByteBudget::Lease memory;
  };

  absl::StatusOr<Answer> WithMemory(const LocateHandler::Reply& reply) {
    if (!reply.ok()) return reply.status();
    auto memory = streams_.budget_.Take(context_.peer(), reply->size());
    if (!memory.ok()) return memory.status();
    return Answer{grpc::ByteBuffer(&*reply, 1), *std::move(memory)};
  }

  // Receives the answer to the last request. Writes it, or keeps it in waiting_
  // until the present write has ended.
  void Take(const LocateHandler::Reply& reply) {
    absl::StatusOr<Answer> answer = WithMemory(reply);
    const bool ok = answer.ok();
    bool write = false;
    bool read = false;
    {
      MutexLock lock(mu_);
      answering_ = false;
      if (!ok) {
        if (!end_.has_value()) end_ = answer.status();
      } else if (writing_) {
        waiting_ = *std::move(answer);
      } else {
        answer_ = *std::move(answer);
        write = writing_ = true;
        read = !end_.has_value();
      }
    }
    if (read) StartRead(&request_);
    if (write) {
      StartWrite(&answer_.bytes);
    } else if (!ok) {
      FinishIfIdle();
    }
  }

  void FinishIfIdle() {
    absl::Status status;
    {
      MutexLock lock(mu_);
      if (!end_.has_value() || finished_ || answering_ || writing_) return;
      finished_ = true;
      status = *end_;
    }
    Finish(ToGrpc(status));
  }

  const CallsUnderWay::Counted counted_;
  LocateStreams& streams_;
  const grpc::CallbackServerContext& context_;
  const std::string network_;
  StreamPtr self_;
  grpc::ByteBuffer request_;  // used by the read
  Answer answer_;             // used by the write
  Mutex mu_;
  // The answer to write next.
  std::optional<Answer> waiting_ ABSL_GUARDED_BY(mu_);
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mu_);
  // The ring of the last request.
  std::optional<std::string> ring_ ABSL_GUARDED_BY(mu_);
  bool answering_ ABSL_GUARDED_BY(mu_) = false;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
};

LocateStreams::LocateStreams(LocateHandler& handler, ByteBudget& budget,
                             const AccessGate& gate,
                             const ServingLimits& limits, CallsUnderWay& calls,
                             RpcStats& stats,
                             std::chrono::milliseconds between_checks)
    : locate_handler_(handler),
      budget_(budget),
      gate_(gate),
      calls_(calls),
      stats_(stats),
      places_({"LocateStream", "--max-locate-streams", limits.locate_streams,
               limits.locate_streams_per_peer, Limit::kLocateStreams,
               Limit::kLocateStreamsPerPeer},
              stats),
      checks_([this, between_checks](const std::stop_token& stop) {
        if (!gate_.checks_callers()) return PeriodicTask::kWhenWoken;
        for (const StreamPtr& stream : OpenStreams()) {
          if (!stop.stop_requested()) stream->CheckCaller();
        }
        return PeriodicTask::Clock::now() + between_checks;
      }) {}

absl::Status LocateStreams::Admit(const StreamPtr& stream) {
  MutexLock lock(mu_);
  if (draining_) return Draining();
  absl::Status status = places_.Take(stream->network());
  if (status.ok()) streams_.insert(stream);
  return status;
}

LocateStreams::Reactor* LocateStreams::Open(
    grpc::CallbackServerContext* context) {
  stats_.Of(Method::kLocateStream).CountStarted();
  auto stream = std::make_shared<Stream>(*this, *context);
  Stream* const reactor = stream.get();
  absl::Status admitted = gate_.CheckIdentity(*context, Method::kLocateStream);
  if (admitted.ok()) admitted = Admit(stream);
  reactor->Start(std::move(stream), admitted);
  return reactor;
}

void LocateStreams::Forget(const StreamPtr& stream,
                           const absl::Status& status) {
  stats_.Of(Method::kLocateStream)
      .CountHandled(static_cast<size_t>(status.code()));
  MutexLock lock(mu_);
  // A stream that was rejected has no place.
  if (streams_.erase(stream) > 0) places_.Return(stream->network());
}

std::vector<LocateStreams::StreamPtr> LocateStreams::OpenStreams() {
  MutexLock lock(mu_);
  return {streams_.begin(), streams_.end()};
}

void LocateStreams::Drain() {
  {
    MutexLock lock(mu_);
    draining_ = true;
  }
  for (const StreamPtr& stream : OpenStreams()) stream->End(Draining());
}

}  // namespace clockwise
