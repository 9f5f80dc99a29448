#include "service/store/etcd/follower.h"

#include <algorithm>
#include <utility>

namespace clockwise {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kWatchPatience(1'500);  // maximum wait for a new watch
constexpr milliseconds kPause(200);            // between attempts
constexpr milliseconds kProbeEvery(2'000);
constexpr milliseconds kLookAtAllEvery(1'000);

}  // namespace

EtcdFollower::EtcdFollower(EtcdClient& client, const EtcdKeys& keys,
                           Store::Changed changed)
    : client_(client),
      keys_(keys),
      changed_(std::move(changed)),
      task_([this](const std::stop_token&) { return Follow(); }) {}

EtcdFollower::~EtcdFollower() {
  task_.Stop();
  watch_.reset();  // before task_ is destroyed, which its last event wakes
}

EtcdFollower::Clock::time_point EtcdFollower::Follow() {
  // Phase 1: make sure that there is a watch. Phase 2: report rings that have
  // changed; without a watch, this still reads all rings once per kPause.
  // Phase 3: check from time to time that the watch reports all changes.
  const bool watching = KeepWatching();
  Tell();
  if (Clock::now() >= next_probe_) Probe();
  if (Clock::now() >= next_look_at_all_) look_at_all_ = true;
  if (look_at_all_ || !watching) return Clock::now() + kPause;
  return std::min(next_probe_, next_look_at_all_);
}

bool EtcdFollower::KeepWatching() {
  {
    MutexLock lock(mu_);
    if (watching_) return true;
  }
  if (Clock::now() < next_watch_) return false;
  next_watch_ = Clock::now() + kPause;
  watch_.reset();
  {
    MutexLock lock(mu_);
    watching_ = true;
  }
  watch_ = std::make_unique<EtcdWatch>(
      client_, keys_.Heads(), [this](absl::string_view key, int64_t revision) {
        Event(key, revision);
      });
  look_at_all_ = true;  // the new stream does not report earlier changes
  behind_ = 0;
  if (const int64_t began = watch_->WaitUntilCreated(kWatchPatience)) {
    MutexLock lock(mu_);
    revision_ = std::max(revision_, began);
    return true;
  }
  watch_.reset();
  client_.Rotate();
  MutexLock lock(mu_);
  watching_ = false;
  return false;
}

void EtcdFollower::Tell() {
  std::set<std::string> rings;
  {
    MutexLock lock(mu_);
    rings.swap(rings_);
  }
  if (look_at_all_) {
    look_at_all_ = !changed_("").ok();
    next_look_at_all_ = Clock::now() + kLookAtAllEvery;
    return;
  }
  for (const std::string& ring : rings) {
    if (!changed_(ring).ok()) look_at_all_ = true;
  }
}

void EtcdFollower::Probe() {
  const EtcdRange heads = keys_.Heads();
  etcdserverpb::RangeRequest request;
  request.set_key(heads.begin);
  request.set_range_end(heads.end);
  request.set_sort_order(etcdserverpb::RangeRequest::DESCEND);
  request.set_sort_target(etcdserverpb::RangeRequest::MOD);
  request.set_limit(1);
  request.set_keys_only(true);
  etcdserverpb::RangeResponse response;
  const bool answered = client_.Range(request, response).ok();
  next_probe_ = Clock::now() + kProbeEvery;
  if (!answered || response.kvs().empty()) return;
  const int64_t newest = response.kvs(0).mod_revision();
  MutexLock lock(mu_);
  // The event may still arrive after one probe. If the watch has not reported a
  // revision that the previous probe saw, the watch is replaced.
  if (behind_ > revision_) {
    watching_ = false;
    task_.Wake();
  }
  behind_ = newest > revision_ ? newest : 0;
}

void EtcdFollower::Event(absl::string_view key, int64_t revision) {
  {
    MutexLock lock(mu_);
    if (key.empty()) {
      watching_ = false;
    } else {
      rings_.emplace(keys_.RingOf(key));
      revision_ = std::max(revision_, revision);
    }
  }
  task_.Wake();
}

}  // namespace clockwise
