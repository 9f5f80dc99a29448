// The reactors of Watch calls. Only the files of WatchHub include this header.
#ifndef CLOCKWISE_SERVICE_RPC_WATCH_WATCH_STREAM_H_
#define CLOCKWISE_SERVICE_RPC_WATCH_WATCH_STREAM_H_

#include <string>
#include <utility>

#include "clockwise/v1/placement.pb.h"
#include "service/channel/status_mapping.h"
#include "service/rpc/request_traits.h"
#include "service/rpc/watch/watch_hub.h"

namespace clockwise {

// Stream is the reactor of one Watch call. Only the dispatcher writes to it and
// finishes it; gRPC's threads only report events. Its members do not change
// after Admit, except for in_flight and self. The changing state is in
// Progress, which the hub's lock guards.
//
// Invariants:
// - Progress of a stream exists from Admit to End.
// - Only the dispatcher starts a write and calls End, and only if no write is
//   in flight. Therefore a stream cannot end during Attend, and gRPC never
//   receives two operations at once.
// - The Stream object exists until OnDone, through `self`.
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
        admit(std::move(its_admit)) {}

  void OnWriteDone(bool ok) override { hub.OnWritten(id, ok); }
  void OnCancel() override { hub.OnClientGone(id); }
  void OnDone() override { self.reset(); }  // may destroy the stream

  const CallsUnderWay::Counted counted;
  WatchHub& hub;
  const std::string peer;  // the client's network
  const std::string ring;
  const bool include_moves;
  const Admission admit;
  const Clock::time_point opened_at = Clock::now();
  uint64_t id = 0;             // set before gRPC knows the stream
  StreamPtr self;              // from Open to OnDone; gRPC has a plain pointer
  grpc::ByteBuffer in_flight;  // used by the write
};

// RefusedStream is the reactor of a call that is rejected at once.
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
