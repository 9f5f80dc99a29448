#include "client/cli/commands/apply.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/config/config_difference.h"
#include "client/cli/confirm.h"
#include "client/cli/failure.h"
#include "client/cli/simulation.h"
#include "client/cli/text.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/ring/layout_settings.h"
#include "service/ring/next_ring.h"
#include "service/ring/ring.h"

namespace clockwise::cli {
namespace {

// Maximum number of times that the difference is computed, if the ring changes
// meanwhile.
constexpr int kApplyAttempts = 5;

}  // namespace

absl::Status OtherRing(absl::string_view ring) {
  return absl::FailedPreconditionError(absl::StrCat(
      "ring ", Quoted(ring),
      " would be another ring on the server than on this machine; nothing was "
      "changed; use the command of the server's version"));
}

namespace {

// Makes the changes of one request, or plans them.
class ConfigApplier {
 public:
  ConfigApplier(const ApplyOptions& options, const RingConfig& config,
                Session& session)
      : options_(options),
        config_(config),
        ring_(session.globals.ring),
        session_(session),
        request_id_(options.change.request_id.empty()
                        ? NewRequestId()
                        : options.change.request_id) {}

  absl::StatusOr<Applied> Apply() {
    for (int attempt = 1;; ++attempt) {
      auto applied = config_.kind == RingConfig::Kind::kChanges
                         ? ApplyListed()
                         : ApplyDifference();
      // The ring changed between reading it and changing it. Unless a certain
      // epoch is asked for, compute the difference from the new ring.
      if (applied.ok() || options_.change.expected_epoch != 0 ||
          attempt == kApplyAttempts ||
          ReasonOf(applied.status()) != v1::ERROR_REASON_EPOCH_CONFLICT) {
        return applied;
      }
    }
  }

 private:
  absl::StatusOr<Applied> ApplyListed() {
    Applied applied;
    absl::Status status = Send(config_.changes, options_.change.expected_epoch,
                               options_.change.expected_incarnation, applied);
    if (!status.ok()) return status;
    if (applied.changes() && !session_.globals.json()) {
      // For the values before. Without them the report is shorter.
      v1::GetRingRequest request;
      request.set_ring(ring_);
      request.set_epoch(applied.response.change().epoch() - 1);
      v1::GetRingResponse ring;
      if (session_.connection.Call(&Connection::Stub::GetRing, request, &ring)
              .ok()) {
        applied.before = std::move(*ring.mutable_snapshot());
      }
    }
    return applied;
  }

  absl::StatusOr<Applied> ApplyDifference() {
    v1::GetRingRequest request;
    request.set_ring(ring_);
    v1::GetRingResponse ring;
    absl::Status status = session_.connection.Call(
        &Connection::Stub::GetRing, request, &ring, Retry::kFewTimes);
    if (ReasonOf(status) == v1::ERROR_REASON_RING_NOT_FOUND &&
        options_.change.expected_epoch == 0 &&
        options_.change.expected_incarnation == 0) {
      return Create();
    }
    if (!status.ok()) return status;
    Applied applied;
    applied.before = std::move(*ring.mutable_snapshot());
    status = ChangeRing(applied);
    if (!status.ok()) return status;
    return applied;
  }

  // Makes the difference between the file and applied.before.
  absl::Status ChangeRing(Applied& applied) {
    const v1::Snapshot& ring = applied.before;
    const uint64_t expected = options_.change.expected_epoch;
    if (expected != 0 && expected != ring.epoch()) {
      return Refusal(
          v1::ERROR_REASON_EPOCH_CONFLICT,
          absl::StrCat("expected_epoch: ring ", Quoted(ring_), " is at epoch ",
                       ring.epoch(), ", not ", expected));
    }
    const uint64_t incarnation = options_.change.expected_incarnation;
    if (incarnation != 0 && incarnation != ring.incarnation()) {
      return Refusal(
          v1::ERROR_REASON_EPOCH_CONFLICT,
          absl::StrCat("expected_incarnation: ring ", Quoted(ring_),
                       " has incarnation ", ring.incarnation(), ", not ",
                       incarnation, "; it was deleted and created again"));
    }
    auto difference =
        DifferenceOf(config_, ring, {options_.prune, options_.replace});
    if (!difference.ok()) return difference.status();
    applied.unnamed_ids = std::move(difference->unnamed_ids);
    applied.order_differs = difference->order_differs;
    absl::Status confirmed = ConfirmRemovals(difference->changes, ring);
    if (!confirmed.ok()) return confirmed;
    if (!difference->changes.empty()) {
      return Send(difference->changes, ring.epoch(), ring.incarnation(),
                  applied);
    }
    v1::Change& change = *applied.response.mutable_change();
    change.set_epoch(ring.epoch());
    change.set_incarnation(ring.incarnation());
    change.set_fingerprint(ring.fingerprint());
    return absl::OkStatus();
  }

  // Asks before the file removes more than half of the ring's nodes. It may be
  // cut, or the file of another ring.
  absl::Status ConfirmRemovals(const std::vector<ConfigChange>& changes,
                               const v1::Snapshot& ring) const {
    std::set<absl::string_view> gone;
    for (const ConfigChange& change : changes) {
      if (change.change.has_remove()) gone.insert(change.change.remove());
    }
    // A replaced node is removed and added again.
    for (const ConfigChange& change : changes) {
      if (change.change.has_add()) gone.erase(change.change.add().id());
    }
    const size_t removed = gone.size();
    const auto nodes = static_cast<size_t>(ring.nodes_size());
    if (options_.change.plan || 2 * removed <= nodes) return absl::OkStatus();
    return Confirm(
        absl::StrCat(config_.source, " removes ", Grouped(removed), " of the ",
                     Grouped(nodes), " nodes of ring ", ring_),
        ring_, options_.yes);
  }

  // Creates the ring that does not exist, with its nodes, by one call. It is
  // built here first, so that an error names the line of the file.
  absl::StatusOr<Applied> Create() {
    if (!config_.has_spec) {
      const std::string deleted = DeletedRingHint(session_, ring_);
      return WithHint(
          Refusal(v1::ERROR_REASON_RING_NOT_FOUND,
                  absl::StrCat("ring ", Quoted(ring_), " does not exist, and ",
                               config_.source, " does not state its spec")),
          deleted.empty()
              ? "state \"spec\" to create the ring: spec: {layout: hashed}"
              : deleted);
    }
    auto built = Build();
    if (!built.ok()) return built.status();
    v1::CreateRingRequest create;
    *create.mutable_spec() = config_.spec.spec;
    create.mutable_spec()->set_name(ring_);
    for (const ConfigNode& stated : config_.nodes) {
      *create.add_nodes() = stated.node;
    }
    create.set_request_id(request_id_);
    create.set_reason(options_.change.reason);
    create.set_validate_only(true);
    v1::CreateRingResponse created;
    absl::Status status = SendCreation(create, created);
    if (!status.ok()) return status;
    if (created.ring().fingerprint() != (*built)->fingerprint()) {
      return OtherRing(ring_);
    }
    Applied applied;
    if (options_.change.plan) {
      PlanOf(**built, applied);
      return applied;
    }
    create.set_validate_only(false);
    status = SendCreation(create, created);
    if (!status.ok()) return status;
    *applied.before.mutable_spec() = created.ring().spec();
    applied.before.set_epoch(1);
    applied.before.set_incarnation(created.ring().incarnation());
    v1::Change& change = *applied.response.mutable_change();
    change = std::move(*created.mutable_change());
    change.set_epoch(created.ring().epoch());
    change.set_incarnation(created.ring().incarnation());
    change.set_fingerprint(created.ring().fingerprint());
    applied.created = true;
    return applied;
  }

  absl::Status SendCreation(const v1::CreateRingRequest& request,
                            v1::CreateRingResponse& created) {
    absl::Status status = session_.connection.Call(
        &Connection::Stub::CreateRing, request, &created, Retry::kFewTimes);
    if (ReasonOf(status) == v1::ERROR_REASON_RING_EXISTS) {
      // Another client created it meanwhile. The file is compared with it next.
      return Refusal(v1::ERROR_REASON_EPOCH_CONFLICT, status.message());
    }
    if (status.ok()) return status;
    return AdviseChange(session_, std::move(status), {"", "", ""}, request_id_,
                        request.validate_only());
  }

  absl::StatusOr<std::shared_ptr<const Ring>> Build() const {
    v1::RingSpec spec = config_.spec.spec;
    spec.set_name(ring_);
    auto normal = NormalizeSpec(spec);
    if (!normal.ok()) {
      return ConfigRefusal(config_.source, config_.spec.lines, normal.status(),
                           "spec.");
    }
    v1::Snapshot empty;
    *empty.mutable_spec() = *normal;
    // Checks each node, with its line.
    const auto difference = DifferenceOf(config_, empty, {});
    if (!difference.ok()) return difference.status();
    absl::Status status = CheckCount(difference->changes.size());
    if (!status.ok()) return status;
    std::vector<v1::Node> nodes;
    for (const ConfigNode& stated : config_.nodes) nodes.push_back(stated.node);
    auto joined = JoinedNodes(nodes);
    if (!joined.ok()) return joined.status();
    auto built = FirstRing(*normal, *std::move(joined));
    if (built.ok()) return built;
    return BadUsage(
        absl::StrCat(config_.source, ": ", built.status().message()));
  }

  // The change that would fill a new ring.
  static void PlanOf(const Ring& ring, Applied& applied) {
    applied.created = true;
    *applied.before.mutable_spec() = ring.spec();
    v1::Change& change = *applied.response.mutable_change();
    change.set_epoch(ring.nodes().empty() ? 1 : 2);
    change.set_fingerprint(ring.fingerprint());
    for (const NodePtr& node : ring.nodes()) {
      *change.add_upserted() = *node;
      change.add_added_ids(node->id());
    }
    const double moved = ring.nodes().empty() ? 0 : 1;
    change.mutable_comparison()->set_moved_ratio(moved);
    change.mutable_comparison()->set_minimum_moved_ratio(moved);
  }

  absl::Status CheckCount(size_t changes) const {
    if (changes <= limits::kMaxChangesPerRequest) return absl::OkStatus();
    return BadUsage(
        absl::StrCat(config_.source, ": ", Grouped(changes),
                     " nodes differ, and one epoch can have at most ",
                     Grouped(limits::kMaxChangesPerRequest),
                     " changes; apply a file that changes fewer nodes first"));
  }

  absl::Status Send(const std::vector<ConfigChange>& changes,
                    uint64_t expected_epoch, uint64_t expected_incarnation,
                    Applied& applied) {
    absl::Status status = CheckCount(changes.size());
    if (!status.ok()) return status;
    v1::ApplyChangesRequest request;
    request.set_ring(ring_);
    request.set_request_id(request_id_);
    request.set_expected_epoch(expected_epoch);
    request.set_expected_incarnation(expected_incarnation);
    request.set_validate_only(options_.change.plan);
    request.set_reason(options_.change.reason);
    request.set_include_moves(true);
    for (const ConfigChange& change : changes) {
      *request.add_changes() = change.change;
    }
    status = session_.connection.Call(&Connection::Stub::ApplyChanges, request,
                                      &applied.response, Retry::kFewTimes);
    if (status.ok()) return status;
    const ConfigChange* refused = RefusedOf(status, changes);
    if (refused == nullptr) {
      return AdviseChange(session_, std::move(status), {"", "", ""},
                          request_id_, options_.change.plan);
    }
    return AdviseChange(session_, WithLine(status, *refused),
                        {"", "", IdOf(refused->change)}, request_id_,
                        options_.change.plan);
  }

  static const std::string& IdOf(const v1::NodeChange& change) {
    return change.has_add()      ? change.add().id()
           : change.has_update() ? change.update().node().id()
                                 : change.remove();
  }

  // The change that the server refuses, by its index in the name of the field.
  // NODES_UNPLACEABLE is about a node of the ring after the change, and only
  // its message names the node. Null if the refusal names none.
  static const ConfigChange* RefusedOf(
      const absl::Status& refusal, const std::vector<ConfigChange>& changes) {
    const std::string field = FieldOf(refusal);
    absl::string_view rest = field;
    size_t index = 0;
    if (absl::ConsumePrefix(&rest, "changes[") &&
        absl::SimpleAtoi(rest.substr(0, rest.find(']')), &index) &&
        index < changes.size()) {
      return &changes[index];
    }
    if (ReasonOf(refusal) != v1::ERROR_REASON_NODES_UNPLACEABLE) return nullptr;
    for (const ConfigChange& change : changes) {
      if (absl::StrContains(
              refusal.message(),
              absl::StrCat("node ", Quoted(IdOf(change.change))))) {
        return &change;
      }
    }
    return nullptr;
  }

  // The refusal with the line of the file that `change` comes from.
  absl::Status WithLine(const absl::Status& refusal,
                        const ConfigChange& change) const {
    const std::string field = FieldOf(refusal);
    const int line = change.lines.Of(field.substr(field.rfind('.') + 1));
    if (line == 0) return refusal;  // --prune removes a node that no line names
    absl::Status placed(refusal.code(), absl::StrCat(config_.source, ":", line,
                                                     ": ", refusal.message()));
    refusal.ForEachPayload([&](absl::string_view url, const absl::Cord& value) {
      placed.SetPayload(url, value);
    });
    return placed;
  }

  const ApplyOptions& options_;
  const RingConfig& config_;
  const std::string& ring_;
  Session& session_;
  const std::string request_id_;
};

}  // namespace

absl::StatusOr<Applied> Apply(const ApplyOptions& options,
                              const RingConfig& config, Session& session) {
  return ConfigApplier(options, config, session).Apply();
}

}  // namespace clockwise::cli
