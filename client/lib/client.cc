#include "clockwise/client.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/lib/bounded_load.h"
#include "client/lib/credentials.h"
#include "client/lib/follower.h"
#include "client/lib/listeners.h"
#include "client/lib/remote.h"
#include "client/lib/ring_file.h"
#include "client/lib/server_address.h"
#include "client/lib/targets.h"
#include "service/api/refusal.h"
#include "service/api/validate.h"

namespace clockwise {

using client::RingView;
using client::RingViewPtr;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

namespace {

constexpr Clock::time_point kNever = Clock::time_point::min();

// RemoteView is the View of the owners that a server returned. Only Owners uses
// it. Immutable.
class RemoteView final : public View {
 public:
  explicit RemoteView(RemoteOwners found) : found_(std::move(found)) {}

  uint64_t epoch() const override { return found_.epoch; }
  uint64_t incarnation() const override { return found_.incarnation; }
  uint64_t fingerprint() const override { return found_.fingerprint; }
  size_t size() const override { return found_.owners.size(); }
  const Node& node(size_t index) const override { return found_.owners[index]; }
  uint64_t Hash(std::string_view) const override { return 0; }
  absl::StatusOr<size_t> Locate(std::string_view, uint32_t,
                                uint32_t*) const override {
    return absl::UnimplementedError("the layout of the ring is unknown");
  }

 private:
  const RemoteOwners found_;
};

absl::Status Check(const std::vector<std::string>& targets,
                   const Options& options) {
  if (targets.empty()) {
    return absl::InvalidArgumentError(
        "targets: the list is empty; pass at least one HOST:PORT");
  }
  if (options.silence < milliseconds(100)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "silence: ", options.silence.count(), " ms; use at least 100 ms"));
  }
  if (options.first_pause < milliseconds(1) ||
      options.longest_pause < options.first_pause) {
    return absl::InvalidArgumentError(
        absl::StrCat("first_pause: ", options.first_pause.count(),
                     " ms is not from 1 ms to longest_pause (",
                     options.longest_pause.count(), " ms)"));
  }
  if (options.call_timeout < milliseconds(1)) {
    return absl::InvalidArgumentError(
        absl::StrCat("call_timeout: ", options.call_timeout.count(),
                     " ms; use at least 1 ms"));
  }
  return RingName(options.ring).status();
}

// Shuffles the list, so that clients with the same list do not all use its
// first server.
std::vector<std::string> Shuffled(std::vector<std::string> addresses) {
  std::shuffle(addresses.begin(), addresses.end(),
               std::minstd_rand(std::random_device()()));
  return addresses;
}

ChannelOptions LibraryChannels() {
  ChannelOptions options;
  options.program = "clockwise-cpp";
  // A server that does not answer must leave time for another one.
  options.connect_timeout = absl::Seconds(1);
  return options;
}

}  // namespace

class Client::Parts {
 public:
  Parts(std::vector<std::string> addresses, const Options& options,
        std::shared_ptr<CredentialsSource> credentials)
      : options_(options),
        targets_(Shuffled(std::move(addresses)), std::move(credentials),
                 LibraryChannels()),
        remote_(options, targets_),
        kept_(ReadFile()),
        follower_(options, targets_, kept_.view, ConfirmedByFile(),
                  [this] { Told(); }),
        listeners_([this] { return follower_.standing(); },
                   [this](const RingViewPtr& view) { Keep(view); }) {
    follower_.Start();
  }

  ~Parts() {
    follower_.Stop();
    // Stores the time of the last confirmation, which the file does not have
    // yet.
    if (const RingViewPtr view = mirror()) Keep(view);
  }

  RingViewPtr mirror() const { return follower_.mirror(); }
  const RingViewPtr& Glance() const { return follower_.Glance(); }
  uint64_t epoch() const { return follower_.epoch(); }
  bool layout_unknown() const { return follower_.layout_unknown(); }

  milliseconds staleness() const {
    const Clock::time_point confirmed = follower_.confirmed();
    if (confirmed == kNever) return milliseconds::max();
    return std::max(milliseconds(0),
                    std::chrono::ceil<milliseconds>(Clock::now() - confirmed));
  }

  absl::Status WaitForEpoch(uint64_t epoch, milliseconds timeout) {
    const auto until = Clock::now() + timeout;
    MutexLock lock(mu_);
    while (true) {
      if (follower_.from_server() && follower_.epoch() >= epoch) {
        return absl::OkStatus();
      }
      if (Clock::now() >= until) break;
      changed_.WaitUntil(mu_, until);
    }
    const std::string error = follower_.state().last_error;
    return absl::DeadlineExceededError(
        error.empty()
            ? absl::StrCat("no server sent epoch ", epoch, " or later within ",
                           timeout.count(), " ms")
            : error);
  }

  State state() const {
    State state = follower_.state();
    if (const RingViewPtr view = mirror()) {
      state.source = follower_.from_server() ? Source::kServer : Source::kFile;
      state.epoch = view->epoch();
      state.incarnation = view->incarnation();
      state.fingerprint = view->fingerprint();
    } else if (state.layout_unknown) {
      state.source = Source::kServer;
    }
    state.staleness = staleness();
    MutexLock lock(mu_);
    state.ring_file_error = file_error_;
    return state;
  }

  client::Remote& remote() { return remote_; }
  client::Listeners& listeners() { return listeners_; }
  BoundedLoad& loads() { return *loads_; }

 private:
  client::KeptRing ReadFile() {
    if (options_.ring_file.empty()) return {nullptr, absl::InfinitePast()};
    auto kept =
        client::ReadRingFile(options_.ring_file, *RingName(options_.ring));
    if (kept.ok()) return *std::move(kept);
    MutexLock lock(mu_);
    if (!absl::IsNotFound(kept.status())) {
      file_error_ = std::string(kept.status().message());
    }
    return {nullptr, absl::InfinitePast()};
  }

  // Converts the time in the file to the steady clock. Only the wall clock
  // survives a restart.
  Clock::time_point ConfirmedByFile() const {
    const absl::Duration age = absl::Now() - kept_.confirmed;
    // A time in the future means that the clock was set back, so the age is
    // unknown.
    if (kept_.view == nullptr || age < absl::ZeroDuration()) return kNever;
    return Clock::now() - absl::ToChronoNanoseconds(age);
  }

  void Told() {
    // A waiting thread has now either seen the new state, or waits for the
    // notification.
    { MutexLock lock(mu_); }
    changed_.NotifyAll();
    listeners_.Wake();
  }

  void Keep(const RingViewPtr& view) {
    if (options_.ring_file.empty() || !follower_.from_server()) return;
    const absl::Status status = client::WriteRingFile(
        options_.ring_file,
        {view, absl::Now() - absl::FromChrono(staleness())});
    MutexLock lock(mu_);
    file_error_ = std::string(status.message());
  }

  const Options options_;
  client::Targets targets_;
  client::Remote remote_;
  mutable Mutex mu_;
  mutable Condition changed_;
  std::string file_error_ ABSL_GUARDED_BY(mu_);
  const client::KeptRing kept_;
  const std::shared_ptr<BoundedLoad> loads_ = std::make_shared<BoundedLoad>();
  client::Follower follower_;
  client::Listeners listeners_;
};

Client::Client(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Client::~Client() = default;

absl::StatusOr<std::unique_ptr<Client>> Client::Create(
    std::vector<std::string> targets, const Options& options) {
  if (absl::Status status = Check(targets, options); !status.ok()) {
    return status;
  }
  for (size_t i = 0; i < targets.size(); ++i) {
    auto target = client::ParseServerAddress(targets[i]);
    if (!target.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("targets[", i, "]: ", target.status().message()));
    }
    targets[i] = *std::move(target);
  }
  auto credentials = client::OpenCredentials(options.tls);
  if (!credentials.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("tls: ", credentials.status().message()));
  }
  return std::unique_ptr<Client>(new Client(std::make_unique<Parts>(
      std::move(targets), options, *std::move(credentials))));
}

absl::StatusOr<Owners> Client::Locate(std::string_view key,
                                      uint32_t replicas) const {
  Owners owners;
  owners.view_ = parts_->Glance();
  if (owners.view_ == nullptr) {
    if (!parts_->layout_unknown()) {
      return absl::UnavailableError("no ring yet: no server has answered");
    }
    auto remote = LocateRemote(key, replicas);
    if (!remote.ok()) return remote.status();
    owners.size_ = std::min(remote->owners.size(), kMaxOwners);
    std::iota(owners.indexes_.begin(), owners.indexes_.end(), uint32_t{0});
    owners.view_ = std::make_shared<const RemoteView>(*std::move(remote));
    return owners;
  }
  auto found = owners.view_->Locate(key, replicas, owners.indexes_.data());
  if (!found.ok()) return found.status();
  if (*found == 0) {
    return Refusal(v1::ERROR_REASON_RING_EMPTY, "the ring has no nodes");
  }
  owners.size_ = *found;
  return owners;
}

std::shared_ptr<const View> Client::view() const { return parts_->mirror(); }

const View* Client::CurrentView() const { return parts_->Glance().get(); }

uint64_t Client::epoch() const { return parts_->epoch(); }

milliseconds Client::staleness() const { return parts_->staleness(); }

absl::Status Client::WaitForEpoch(uint64_t epoch, milliseconds timeout) const {
  return parts_->WaitForEpoch(epoch, timeout);
}

State Client::state() const { return parts_->state(); }

Subscription Client::OnChange(std::string node_id,
                              std::function<void(const RingEvent&)> listener) {
  return parts_->listeners().Add(std::move(node_id), std::move(listener));
}

absl::StatusOr<Lease> Client::Acquire(std::string_view key, double factor) {
  const RingViewPtr view = parts_->mirror();
  if (view == nullptr && parts_->layout_unknown()) {
    return absl::UnimplementedError(
        "this library does not have the layout of the ring; update it");
  }
  if (view == nullptr) {
    return absl::UnavailableError("no ring yet: no server has answered");
  }
  return parts_->loads().Acquire(view, key, factor);
}

absl::StatusOr<RemoteOwners> Client::LocateRemote(
    std::string_view key, uint32_t replicas, uint64_t min_epoch,
    uint64_t min_incarnation) const {
  return parts_->remote().Locate(key, replicas, min_epoch, min_incarnation);
}

absl::StatusOr<ChangeResult> Client::AddNode(Node node,
                                             const ChangeOptions& options) {
  return ApplyChanges({.add = {std::move(node)}, .update = {}, .remove = {}},
                      options);
}

absl::StatusOr<ChangeResult> Client::UpdateNode(Node node,
                                                const ChangeOptions& options) {
  return ApplyChanges({.add = {}, .update = {std::move(node)}, .remove = {}},
                      options);
}

absl::StatusOr<ChangeResult> Client::RemoveNode(std::string id,
                                                const ChangeOptions& options) {
  return ApplyChanges({.add = {}, .update = {}, .remove = {std::move(id)}},
                      options);
}

absl::StatusOr<ChangeResult> Client::ApplyChanges(
    const ChangeSet& changes, const ChangeOptions& options) {
  return parts_->remote().Apply(changes, options);
}

}  // namespace clockwise
