#include "service/rpc/locate/locate_streams.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/channel/status_mapping.h"
#include "service/rpc/wire.h"

namespace clockwise {
namespace {

absl::Status ClientGone() {
  return absl::CancelledError("the client went away");
}

}  // namespace

// One call. gRPC calls it from several threads at once; whatever it starts is
// started without the lock, and last: once something is finished or written,
// the stream may be gone.
class LocateStreams::Stream final : public Reactor {
 public:
  Stream(LocateStreams& streams, const grpc::CallbackServerContext& context)
      : counted_(streams.calls_), streams_(streams), context_(context) {}

  // From here to OnDone; the stream holds itself, gRPC has a plain pointer.
  void Start(StreamPtr self, const absl::Status& admitted) {
    self_ = std::move(self);
    if (admitted.ok()) {
      StartRead(&request_);
    } else {
      End(admitted);
    }
  }

  // Has it end with `status` when it is idle next.
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
      if (end_.has_value()) return;  // what comes now is not answered
      answering_ = ok;
    }
    if (!ok) {
      End(context_.IsCancelled() ? ClientGone() : absl::OkStatus());
      return;
    }
    streams_.stats_.Of(Method::kLocateStream).CountReceived();
    const grpc::Slice request = ToSlice(request_);
    LocateHandler& handler = streams_.locate_handler_;
    if (const auto answer = handler.Locate<v1::BatchLocateRequest>(
            context_, Method::kLocateStream, request)) {
      Take(*answer);
    } else {
      handler.Wait<v1::BatchLocateRequest>(
          context_, request,
          [this](const LocateHandler::Reply& later) { Take(later); });
    }
  }

  void OnWriteDone(bool ok) override {
    if (ok) streams_.stats_.Of(Method::kLocateStream).CountSent();
    bool next = false;
    bool read = false;
    {
      MutexLock lock(mu_);
      writing_ = false;
      if (!ok) {
        // Whatever else it would have ended with: nobody takes an answer now.
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
      StartWrite(&answer_);
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
    // Nothing may follow.
    streams_.Forget(std::exchange(self_, nullptr), status);
  }

 private:
  // The answer to what was read last.
  void Take(const LocateHandler::Reply& answer) {
    bool write = false;
    bool read = false;
    {
      MutexLock lock(mu_);
      answering_ = false;
      if (!answer.ok()) {
        if (!end_.has_value()) end_ = answer.status();
      } else if (writing_) {
        waiting_ = grpc::ByteBuffer(&*answer, 1);
      } else {
        answer_ = grpc::ByteBuffer(&*answer, 1);
        write = writing_ = true;
        read = !end_.has_value();
      }
    }
    if (read) StartRead(&request_);
    if (write) {
      StartWrite(&answer_);
    } else if (!answer.ok()) {
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
  StreamPtr self_;
  grpc::ByteBuffer request_;  // the read's
  grpc::ByteBuffer answer_;   // the write's
  Mutex mu_;
  // What follows the one that is written.
  std::optional<grpc::ByteBuffer> waiting_ ABSL_GUARDED_BY(mu_);
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mu_);
  bool answering_ ABSL_GUARDED_BY(mu_) = false;
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
};

absl::Status LocateStreams::Admit(const StreamPtr& stream) {
  MutexLock lock(mu_);
  if (draining_) return Draining();
  if (streams_.size() >= most_) {
    stats_.Reached(Limit::kLocateStreams);
    return Refusal(
        v1::ERROR_REASON_LIMIT_REACHED,
        absl::StrCat("look-up streams: there are ", most_, " already"));
  }
  streams_.insert(stream);
  return absl::OkStatus();
}

LocateStreams::Reactor* LocateStreams::Open(
    grpc::CallbackServerContext* context) {
  stats_.Of(Method::kLocateStream).CountStarted();
  auto stream = std::make_shared<Stream>(*this, *context);
  Stream* const reactor = stream.get();
  const absl::Status admitted = Admit(stream);
  reactor->Start(std::move(stream), admitted);
  return reactor;
}

void LocateStreams::Forget(const StreamPtr& stream,
                           const absl::Status& status) {
  stats_.Of(Method::kLocateStream)
      .CountHandled(static_cast<size_t>(status.code()));
  MutexLock lock(mu_);
  streams_.erase(stream);
}

void LocateStreams::Drain() {
  std::vector<StreamPtr> streams;
  {
    MutexLock lock(mu_);
    draining_ = true;
    streams.assign(streams_.begin(), streams_.end());
  }
  for (const StreamPtr& stream : streams) stream->End(Draining());
}

}  // namespace clockwise
