// Client is the client library of Clockwise. It returns the nodes that own a
// key from a local mirror of the ring, which a Watch stream keeps up to date.
//
//   auto client = Client::Create({"10.0.0.7:7400", "10.0.0.8:7400"});
//   auto owners = (*client)->Locate("user:42");
//   if (owners.ok()) Connect(owners->primary().address);
//
// Staleness is visible. The client checks each message of a server against its
// fingerprint. staleness() is the time since a server last confirmed that the
// mirror is the newest ring. state() returns all other details.
//
// Errors are absl::Status with gRPC's codes. ReasonOfFailure returns the
// server's reason. All classes are thread-safe unless their comment says
// otherwise. Needs C++20 and Abseil; this header includes no header of gRPC or
// protobuf.
#ifndef CLOCKWISE_CLIENT_H_
#define CLOCKWISE_CLIENT_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clockwise/options.h"

namespace clockwise {

// Node is a server that can own keys. See Node in placement.proto for the valid
// values of each field.
struct Node {
  std::string id;
  std::string address;
  uint32_t weight = 1;  // 0: owns no keys; not in every layout
  std::string zone;
  std::map<std::string, std::string> labels;
  std::string hash_key;  // hashed instead of the id; usually empty
};

// View is one ring at one epoch. Immutable: take look-ups that belong together
// from one View. A View can outlive the client.
class View {
 public:
  virtual ~View() = default;

  virtual uint64_t epoch() const = 0;
  virtual uint64_t incarnation() const = 0;
  virtual uint64_t fingerprint() const = 0;
  // Nodes are sorted by id, in byte order.
  virtual size_t size() const = 0;
  virtual const Node& node(size_t index) const = 0;
  // Returns the position of `key` in the layout's 64-bit hash space: the value
  // of LocateResponse.hash.
  virtual uint64_t Hash(std::string_view key) const = 0;

  // Writes the indexes of the nodes that own `key` to `owners`, primary first.
  // Returns their number: min(replicas, size()); 0 if the ring has no nodes.
  // `replicas` 0 means the ring's replica count. `owners` must have room for
  // kMaxOwners indexes. Takes no lock and allocates no memory.
  // INVALID_ARGUMENT: `replicas` > kMaxOwners, or a key of more than 65,536
  // bytes.
  virtual absl::StatusOr<size_t> Locate(std::string_view key, uint32_t replicas,
                                        uint32_t* owners) const = 0;

 protected:
  View() = default;
};

inline constexpr size_t kMaxOwners = 64;

// Owners is the list of nodes that own a key, primary first; it is never empty.
// Immutable: it stays valid after the ring changes and after the client is
// destroyed.
class Owners {
 public:
  size_t size() const { return size_; }
  const Node& operator[](size_t i) const { return view_->node(indexes_[i]); }
  const Node& primary() const { return (*this)[0]; }

  uint64_t epoch() const { return view_->epoch(); }
  uint64_t incarnation() const { return view_->incarnation(); }
  uint64_t fingerprint() const { return view_->fingerprint(); }

 private:
  friend class Client;
  std::shared_ptr<const View> view_;
  size_t size_ = 0;
  std::array<uint32_t, kMaxOwners> indexes_;  // the first size_ are set
};

// RemoteOwners is a server's response to a look-up by RPC.
struct RemoteOwners {
  std::vector<Node> owners;  // primary first; only id, address and zone are set
  uint64_t epoch = 0, incarnation = 0, fingerprint = 0;
};

// ChangeSet is a set of changes to nodes that are applied in one epoch.
struct ChangeSet {
  std::vector<Node> add;
  // Replaces address, weight, zone and labels of the node with this id.
  std::vector<Node> update;
  std::vector<std::string> remove;  // ids
};

struct ChangeOptions {
  // Epoch that the ring must have, else ABORTED; 0 accepts any epoch.
  uint64_t expected_epoch = 0;
  // Incarnation that the ring must have, else ABORTED; 0 accepts any. Set it
  // with expected_epoch.
  uint64_t expected_incarnation = 0;
  // If true, the server changes nothing and returns the plan.
  bool plan_only = false;
  // AddNode, and ChangeSet.add: if a node has the id, the server updates it
  // with the texts and labels that are not empty, and a weight other than 1.
  // The other fields stay. Without it, a different node that has the id is
  // ALREADY_EXISTS.
  bool allow_update = false;
  // Reason for the history.
  std::string reason;
  // Identifies the change, so that retries apply it only once. Empty: the
  // library draws a random ID and uses it for all attempts of the call.
  std::string request_id;
};

// ChangeResult is a change that was applied, or a plan. For the fields, see
// Change in placement.proto.
struct ChangeResult {
  uint64_t epoch = 0, incarnation = 0, fingerprint = 0;
  double moved_ratio = 0, minimum_moved_ratio = 0;
  double peak_to_mean_before = 0, peak_to_mean_after = 0;
};

// HashRange is the set of keys whose 64-bit position is in (start, end],
// wrapping. If start = end, it is the whole space.
struct HashRange {
  uint64_t start = 0;
  uint64_t end = 0;
  friend bool operator==(const HashRange&, const HashRange&) = default;
};

// RingEvent describes the effect of a change of the ring on one node, or that
// the ring was deleted.
struct RingEvent {
  uint64_t from_epoch = 0;  // 0: no ring was known before
  uint64_t epoch = 0;
  uint64_t incarnation = 0;
  // Ranges that the node has begun to own (with the ring's replica count),
  // sorted by start, adjacent ranges merged.
  std::vector<HashRange> gained;
  // Ranges that the node no longer owns.
  std::vector<HashRange> lost;
  // True if the slots of the layout are not ranges (MODULO). `gained` and
  // `lost` are then empty.
  // They are also empty, and `after` is null, if this library does not have the
  // layout of the ring.
  bool ranges_unknown = false;
  // True if the ring was deleted. `after` is its last state, which the client
  // keeps for look-ups. `gained` and `lost` do not contain the deletion: the
  // ring may have been deleted by mistake, and can be restored. If it exists
  // again, another event follows, relative to the last state.
  bool deleted = false;
  std::shared_ptr<const View> before;  // null: no ring was known before
  std::shared_ptr<const View> after;
};

// Origin of the mirror.
enum class Source {
  kNone,    // there is no mirror yet
  kFile,    // Options::ring_file; no server has answered yet
  kServer,  // a server
};

// State is the state of the client, for metrics and logs of the application.
struct State {
  Source source = Source::kNone;
  uint64_t epoch = 0;
  uint64_t incarnation = 0;
  uint64_t fingerprint = 0;
  std::chrono::milliseconds staleness{0};
  bool connected = false;       // a server has answered on the open stream
  bool deleted = false;         // a server reported that the ring does not
                                // exist; a mirror is its last state
  bool layout_unknown = false;  // this library does not have the ring's layout
  std::string server;           // target of the open or the last stream
  uint64_t snapshots = 0;       // whole rings received
  uint64_t deltas = 0;          // changes received
  uint64_t reconnects = 0;      // streams that ended, failed attempts included
  uint64_t resyncs = 0;         // snapshots that replaced a ring
  uint64_t mismatches = 0;      // messages that failed the check
  std::string last_error;       // why the last stream ended; "": none has ended
  std::string ring_file_error;  // last error of the ring file; "": no error
};

// Lease is the assignment of a key to a node. It counts as one request in
// flight on the node until it is destroyed. Thread-compatible.
class Lease {
 public:
  Lease() = default;
  Lease(Lease&&) noexcept = default;
  Lease& operator=(Lease&&) noexcept = default;

  const Node& node() const { return *node_; }
  // Ends the lease before its destruction. node() must not be called
  // afterwards.
  void Release() { *this = Lease(); }

 private:
  friend class Client;
  friend class BoundedLoad;
  std::shared_ptr<const Node> node_;
  std::shared_ptr<void> held_;  // its deleter ends the lease
};

// Subscription keeps a listener registered. After its destructor returns, the
// listener is not called again. Exception: the listener destroys its own
// subscription during a call.
class Subscription {
 public:
  Subscription() = default;
  explicit Subscription(std::shared_ptr<void> held) : held_(std::move(held)) {}

 private:
  std::shared_ptr<void> held_;
};

class Client {
 public:
  // Creates a client. `targets` are HOST:PORT, unix:PATH or other gRPC targets,
  // one for each server; they are used in random order. Does not block: call
  // WaitForEpoch before the first look-up. INVALID_ARGUMENT: no targets, or
  // invalid options.
  static absl::StatusOr<std::unique_ptr<Client>> Create(
      std::vector<std::string> targets, const Options& options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Returns the owners of `key` in the mirror. Sends no RPC, takes no lock and
  // allocates no memory. `replicas` 0 means the ring's replica count.
  // Exception: if the ring has a layout that this library does not have
  // (State::layout_unknown), there is no mirror, and Locate is LocateRemote: it
  // blocks, and has its errors.
  // UNAVAILABLE: there is no ring yet. FAILED_PRECONDITION: the ring has no
  // nodes. INVALID_ARGUMENT: see View::Locate.
  absl::StatusOr<Owners> Locate(std::string_view key,
                                uint32_t replicas = 0) const;
  // Returns the current mirror; null if there is none yet, or the layout of the
  // ring is unknown.
  std::shared_ptr<const View> view() const;
  // Same as view(), without counting a reference. The result is valid, and in
  // memory, until this thread calls CurrentView or Locate of any client again.
  const View* CurrentView() const;

  // Returns the epoch of the mirror; 0 if there is none yet.
  uint64_t epoch() const;
  // Returns an upper bound of the time since the mirror was the newest ring of
  // the store. It grows while no server confirms the mirror. It includes the
  // time that the server itself could not confirm. Returns milliseconds::max()
  // if there is no mirror, or the mirror is from a file without a usable time.
  std::chrono::milliseconds staleness() const;
  // Blocks until the mirror is from a server and is at `epoch` or later; 1
  // accepts any epoch. DEADLINE_EXCEEDED: this did not happen within `timeout`.
  absl::Status WaitForEpoch(uint64_t epoch,
                            std::chrono::milliseconds timeout) const;
  State state() const;

  // Calls `listener` with the effect of each change of the ring on the node
  // `node_id`, and when the ring is deleted. The first event, once there is a
  // ring, has all ranges that the node owns now. Calls are made one at a time,
  // in order, on one thread of the client, without a lock. Changes during a
  // call are combined into the next event. The listener must not destroy the
  // client.
  [[nodiscard]] Subscription OnChange(
      std::string node_id, std::function<void(const RingEvent&)> listener);

  // Returns a lease on the first node clockwise from `key` that has capacity.
  // With the new lease, a node may have at most `factor` times its fair share
  // of all leases of this client, rounded up. The fair share is weight / sum of
  // weights. Source: Mirrokni, Thorup, Zadimoghaddam, "Consistent Hashing with
  // Bounded Loads", 2018. Errors: those of Locate; also INVALID_ARGUMENT for a
  // factor below 1 or above 1,000;
  // UNIMPLEMENTED: the layout of the ring is unknown.
  absl::StatusOr<Lease> Acquire(std::string_view key, double factor = 1.25);

  // --- Calls by RPC, to any server that answers. ---
  // Returns the owners of `key` at an epoch >= `min_epoch` of the incarnation
  // `min_incarnation` (0: of any). UNAVAILABLE: the server did not reach that
  // epoch in time.
  absl::StatusOr<RemoteOwners> LocateRemote(std::string_view key,
                                            uint32_t replicas = 0,
                                            uint64_t min_epoch = 0,
                                            uint64_t min_incarnation = 0) const;
  // Applies the changes at most once: the call retries with one request_id
  // until a server answers or the timeout is over. After UNAVAILABLE or
  // DEADLINE_EXCEEDED, the change may have been applied. AddNode, UpdateNode
  // and RemoveNode are ApplyChanges with one change.
  absl::StatusOr<ChangeResult> AddNode(Node node,
                                       const ChangeOptions& options = {});
  absl::StatusOr<ChangeResult> UpdateNode(Node node,
                                          const ChangeOptions& options = {});
  absl::StatusOr<ChangeResult> RemoveNode(std::string id,
                                          const ChangeOptions& options = {});
  absl::StatusOr<ChangeResult> ApplyChanges(const ChangeSet& changes,
                                            const ChangeOptions& options = {});

 private:
  class Parts;
  explicit Client(std::unique_ptr<Parts> parts);
  const std::unique_ptr<Parts> parts_;
};

// Returns the reason of a server's error: the name of an ErrorReason in
// placement.proto without its prefix; "" if there is none.
std::string ReasonOfFailure(const absl::Status& status);

}  // namespace clockwise

#endif  // CLOCKWISE_CLIENT_H_
