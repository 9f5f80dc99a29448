// The client library of Clockwise: which nodes own a key, answered locally from
// a mirror of the ring that a server's Watch keeps up to date.
//
//   auto client = Client::Create({"10.0.0.7:7400", "10.0.0.8:7400"});
//   auto owners = (*client)->Locate("user:42");
//   if (owners.ok()) Connect(owners->primary().address);
//
// The mirror is never silently stale: each message of a server is checked
// against its fingerprint, staleness() is the time since a server last said
// that the mirror is the newest ring, and state() tells the rest.
//
// Errors are absl::Status with gRPC's codes; ReasonOf gives the server's
// reason. Everything is thread-safe unless said otherwise. Needs C++20 and
// Abseil; no header of gRPC or protobuf is included.
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

// A server that can own keys; see Node in placement.proto for what each field
// may be.
struct Node {
  std::string id;
  std::string address;
  uint32_t weight = 1;
  std::string zone;
  std::map<std::string, std::string> labels;
  std::string hash_key;  // what is hashed in place of the id; mostly empty
};

// One ring at one epoch. Immutable, so answers that belong together are best
// taken from one View. It outlives the client if it must.
class View {
 public:
  virtual ~View() = default;

  virtual uint64_t epoch() const = 0;
  virtual uint64_t incarnation() const = 0;
  virtual uint64_t fingerprint() const = 0;
  // Sorted by id, by bytes.
  virtual size_t size() const = 0;
  virtual const Node& node(size_t index) const = 0;
  // Where `key` lies in the layout's 64-bit space, as LocateResponse.hash.
  virtual uint64_t Hash(std::string_view key) const = 0;

  // Fills `owners` with the indexes of the nodes that own `key`, primary first,
  // and returns how many: min(replicas, size()), where `replicas` 0 asks for
  // the ring's own number. 0: the ring has no nodes. `owners` has room for
  // kMaxOwners. Takes no lock and allocates nothing. INVALID_ARGUMENT:
  // `replicas` > kMaxOwners, or a key of more than 65,536 bytes.
  virtual absl::StatusOr<size_t> Locate(std::string_view key, uint32_t replicas,
                                        uint32_t* owners) const = 0;

 protected:
  View() = default;
};

inline constexpr size_t kMaxOwners = 64;

// The nodes that own a key, primary first; never none. A value: it stays valid,
// and what it is, whatever becomes of the ring and of the client.
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

// What a server answers to a look-up by RPC.
struct RemoteOwners {
  std::vector<Node> owners;  // primary first; id, address and zone are told
  uint64_t epoch = 0, incarnation = 0, fingerprint = 0;
};

// What is to be done to the nodes, in one epoch.
struct ChangeSet {
  std::vector<Node> add;
  // Replace address, weight, zone and labels of the node with this id.
  std::vector<Node> update;
  std::vector<std::string> remove;  // ids
};

struct ChangeOptions {
  // Change only if this is the ring's epoch, else ABORTED; 0: any.
  uint64_t expected_epoch = 0;
  // Change nothing, and tell what would be.
  bool plan_only = false;
  // Why, for the history.
  std::string reason;
  // Names the change, so that sent twice it is made once. Empty: one is drawn,
  // and serves all attempts of this call.
  std::string request_id;
};

// A change that was made, or the plan of one; fields as Change's in
// placement.proto.
struct ChangeResult {
  uint64_t epoch = 0, incarnation = 0, fingerprint = 0;
  double moved_ratio = 0, minimum_moved_ratio = 0;
  double peak_to_mean_before = 0, peak_to_mean_after = 0;
};

// Keys whose 64-bit position lies in (start, end], wrapping; start = end: all.
struct HashRange {
  uint64_t start = 0;
  uint64_t end = 0;
  friend bool operator==(const HashRange&, const HashRange&) = default;
};

// What a change of the ring means for one node.
struct RingEvent {
  uint64_t from_epoch = 0;  // 0: nothing was known before
  uint64_t epoch = 0;
  uint64_t incarnation = 0;
  // Ranges of which the node became an owner (of as many owners as the ring's
  // spec says), by start, adjacent ones merged.
  std::vector<HashRange> gained;
  // Ranges of which it is no owner any more.
  std::vector<HashRange> lost;
  // The layout's slots are no ranges (MODULO): what moved cannot be told so,
  // and `gained` and `lost` are empty.
  bool ranges_unknown = false;
  std::shared_ptr<const View> before;  // null: nothing was known before
  std::shared_ptr<const View> after;
};

// Where the mirror comes from.
enum class Source {
  kNone,    // there is none yet
  kFile,    // Options::ring_file: no server has answered yet
  kServer,  // a server
};

// The client's own state, for its user's metrics and log.
struct State {
  Source source = Source::kNone;
  uint64_t epoch = 0;
  uint64_t incarnation = 0;
  uint64_t fingerprint = 0;
  std::chrono::milliseconds staleness{0};
  bool connected = false;   // a server is being watched and has answered
  std::string server;       // the target watched now, or tried last
  uint64_t snapshots = 0;   // whole rings received
  uint64_t deltas = 0;      // changes received
  uint64_t reconnects = 0;  // streams opened after the first
  uint64_t resyncs = 0;     // rings replaced as a whole, after the first
  uint64_t mismatches = 0;  // messages that did not give the ring they named
  std::string last_error;   // why the last stream ended; "": none has
  std::string ring_file_error;  // why it was not read or written; "": it was
};

// A node that a key was given to; counts as in flight there until destroyed.
class Lease {
 public:
  Lease() = default;
  Lease(Lease&&) noexcept = default;
  Lease& operator=(Lease&&) noexcept = default;

  const Node& node() const { return *node_; }
  // Earlier than by destruction; node() is not to be asked after.
  void Release() { *this = Lease(); }

 private:
  friend class Client;
  friend class BoundedLoad;
  std::shared_ptr<const Node> node_;
  std::shared_ptr<void> held_;  // what it is released by
};

// No longer called once destroyed (unless it is destroyed by that very call).
class Subscription {
 public:
  Subscription() = default;
  explicit Subscription(std::shared_ptr<void> held) : held_(std::move(held)) {}

 private:
  std::shared_ptr<void> held_;
};

class Client {
 public:
  // `targets` are HOST:PORT, unix:PATH or other targets of gRPC, one for each
  // server; they are taken in random order. Returns at once: the first look-ups
  // wait for WaitForEpoch. INVALID_ARGUMENT: no targets, or options that make
  // no sense.
  static absl::StatusOr<std::unique_ptr<Client>> Create(
      std::vector<std::string> targets, const Options& options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // The owners of `key` in the mirror: no RPC, no lock, no allocation.
  // `replicas` 0: as many as the ring says. UNAVAILABLE: there is no ring yet;
  // FAILED_PRECONDITION: it has no nodes; INVALID_ARGUMENT.
  absl::StatusOr<Owners> Locate(std::string_view key,
                                uint32_t replicas = 0) const;
  // The mirror as it is now; null: there is none yet.
  std::shared_ptr<const View> view() const;
  // The same without counting a reference: good, and in memory, until this
  // thread next asks CurrentView or Locate of any client.
  const View* CurrentView() const;

  // Of the mirror; 0: there is none yet.
  uint64_t epoch() const;
  // How long ago, at most, the mirror was the newest ring of the store. Grows
  // while no server confirms it. Counts also what the server itself could not
  // confirm. milliseconds::max(): there is no mirror, or it comes from a file
  // that does not say.
  std::chrono::milliseconds staleness() const;
  // Waits until the mirror comes from a server and is at `epoch` or later; 1
  // waits for any. DEADLINE_EXCEEDED.
  absl::Status WaitForEpoch(uint64_t epoch,
                            std::chrono::milliseconds timeout) const;
  State state() const;

  // Calls `listener` with what each change of the ring means for the node
  // `node_id`, first with all that it owns now (once there is a ring). Calls
  // come one at a time, on one thread of the client's, in order, with no lock
  // held; changes that happen during a call come together in the next. It must
  // not destroy the client.
  [[nodiscard]] Subscription OnChange(
      std::string node_id, std::function<void(const RingEvent&)> listener);

  // A lease on the first node clockwise from `key` that, with it, has at most
  // `factor` times its due of all leases of this client, rounded up: weight /
  // sum of weights (Mirrokni, Thorup, Zadimoghaddam, "Consistent Hashing with
  // Bounded Loads", 2018). As Locate; also INVALID_ARGUMENT for a factor below
  // 1 or above 1,000.
  absl::StatusOr<Lease> Acquire(std::string_view key, double factor = 1.25);

  // --- By RPC, to a server that answers. ---
  // Answers from an epoch >= `min_epoch`, else UNAVAILABLE.
  absl::StatusOr<RemoteOwners> LocateRemote(std::string_view key,
                                            uint32_t replicas = 0,
                                            uint64_t min_epoch = 0) const;
  // Tried again, with one request_id, until a server answered it or the time is
  // over: it is made at most once. UNAVAILABLE and DEADLINE_EXCEEDED: it may
  // have been made. AddNode, UpdateNode and RemoveNode are ApplyChanges of one.
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

// The reason that a server gave for refusing: a value of ErrorReason in
// placement.proto without its prefix; "": none.
std::string ReasonOfFailure(const absl::Status& status);

}  // namespace clockwise

#endif  // CLOCKWISE_CLIENT_H_
