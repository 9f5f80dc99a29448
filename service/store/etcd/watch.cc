#include "service/store/etcd/watch.h"

#include <utility>

namespace clockwise {

EtcdWatch::EtcdWatch(EtcdClient& client, const EtcdRange& range, Event event)
    : origin_(client.origin()),
      event_(std::move(event)),
      call_(client.calls(), context_) {
  auto* create = request_.mutable_create_request();
  create->set_key(range.begin);
  create->set_range_end(range.end);
  if (!client.StartWatch(context_, *this).ok()) {
    MutexLock lock(mu_);
    done_ = true;  // without a stream, gRPC does not call OnDone
    return;
  }
  StartWrite(&request_);
  StartRead(&response_);
  StartCall();
}

EtcdWatch::~EtcdWatch() {
  context_.TryCancel();
  MutexLock lock(mu_);
  while (!done_) changed_.Wait(mu_);
}

int64_t EtcdWatch::WaitUntilCreated(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  MutexLock lock(mu_);
  while (created_ == 0 && !done_) {
    if (std::chrono::steady_clock::now() >= until) return 0;
    changed_.WaitUntil(mu_, until);
  }
  return done_ ? 0 : created_;
}

void EtcdWatch::OnReadDone(bool ok) {
  if (!ok) return;  // OnDone follows
  // A member of another cluster reports nothing about this store. Revisions
  // are not compared: a watch may begin at a member that is behind.
  if (!origin_.IsCluster(response_.header())) {
    context_.TryCancel();
    return;
  }
  if (response_.created()) {
    MutexLock lock(mu_);
    created_ = response_.header().revision();
    changed_.NotifyAll();
  }
  for (const mvccpb::Event& event : response_.events()) {
    event_(event.kv().key(), event.kv().mod_revision());
  }
  if (response_.canceled()) {
    context_.TryCancel();  // etcd cancels a watch, e.g. after a compaction
    return;
  }
  StartRead(&response_);
}

void EtcdWatch::OnDone(const grpc::Status&) {
  event_("", 0);
  MutexLock lock(mu_);
  done_ = true;
  changed_.NotifyAll();
}

}  // namespace clockwise
