// The streams of WatchHub: for its own file alone.
#ifndef CLOCKWISE_SERVICE_RPC_WATCH_WATCH_STREAM_H_
#define CLOCKWISE_SERVICE_RPC_WATCH_WATCH_STREAM_H_

#include <list>
#include <string>
#include <utility>

#include "clockwise/v1/placement.pb.h"
#include "service/api/validate.h"
#include "service/ring/layout.h"
#include "service/rpc/request_traits.h"
#include "service/rpc/status_mapping.h"
#include "service/rpc/watch/watch_hub.h"

namespace clockwise {

// One Watch call. Only the dispatcher writes and finishes; gRPC's threads only
// notice. What is not constant is guarded by the hub's mu_, but for
// `in_flight`, which belongs to the write.
class WatchHub::Stream final
    : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  Stream(WatchHub& its_hub, const std::string& its_peer,
         const v1::WatchRequest& request, Admission its_admit)
      : counted(its_hub.calls_),
        hub(its_hub),
        peer(its_peer),
        ring(MeantRing(request.ring())),
        include_moves(request.include_moves()),
        admit(std::move(its_admit)),
        position{request.known_incarnation(), request.known_epoch()} {}

  void OnWriteDone(bool ok) override {
    {
      MutexLock lock(hub.mu_);
      writing = false;
      broken = broken || !ok;
      if (!broken && !passed_by) return;
      passed_by = false;
    }
    hub.Notice(id);
  }
  void OnCancel() override {
    {
      MutexLock lock(hub.mu_);
      broken = true;
    }
    hub.Notice(id);
  }
  void OnDone() override { self.reset(); }  // nothing may follow

  const CallsUnderWay::Counted counted;
  WatchHub& hub;
  const std::string peer;  // the machine that it goes to
  const std::string ring;
  const bool include_moves;
  const Admission admit;
  const Clock::time_point opened_at = Clock::now();
  uint64_t id = 0;
  StreamPtr self;  // from Open to OnDone: gRPC holds a plain pointer

  WatchPosition position;  // what was sent last; before that, what is known
  bool started = false;    // whether anything was sent
  bool writing = false;    // whether a write is in flight
  bool passed_by = false;  // whether there was something to send meanwhile
  bool broken = false;     // whether the client is gone
  bool heartbeat_due = false;
  Clock::time_point sent_at;          // when it was sent something last
  std::list<uint64_t>::iterator age;  // its place in by_age_
  grpc::ByteBuffer in_flight;
};

// A call that is refused at once.
class WatchHub::RefusedStream final
    : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  RefusedStream(CallsUnderWay& calls, const absl::Status& status)
      : counted_(calls) {
    Finish(ToGrpc(status));
  }
  void OnDone() override { delete this; }

 private:
  const CallsUnderWay::Counted counted_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_WATCH_WATCH_STREAM_H_
