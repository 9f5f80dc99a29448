#include "client/cli/session.h"

#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/failure.h"
#include "client/cli/tables/ring_tables.h"
#include "client/cli/text.h"
#include "service/api/refusal.h"
#include "service/limits.h"
#include "service/server/suggestions.h"

namespace clockwise::cli {
namespace {

constexpr size_t kNamesInHint = 3;  // nearest names in a hint

std::string NodeHint(Session& session, absl::string_view node_id) {
  v1::GetRingResponse ring;
  std::vector<std::string> ids;
  if (GetRing(session, 0, &ring).ok()) {
    for (const v1::Node& node : ring.snapshot().nodes()) {
      ids.push_back(node.id());
    }
  }
  const auto near = NearestNames(node_id, ids, kNamesInHint);
  if (near.empty()) return "`clockwise node list` shows the nodes of the ring";
  return DidYouMean(near);
}

// Returns the first page of rings, or of deleted rings; empty if the call
// fails. A store keeps at most kMaxDeletedRings deleted rings: one page.
v1::ListRingsResponse Rings(Session& session, bool deleted) {
  static_assert(limits::kMaxDeletedRings <= limits::kMaxPageSize);
  v1::ListRingsRequest request;
  request.set_page_size(limits::kMaxPageSize);
  request.set_deleted(deleted);
  v1::ListRingsResponse response;
  const absl::Status status =
      session.connection.Call(&Connection::Stub::ListRings, request, &response);
  return status.ok() ? response : v1::ListRingsResponse();
}

std::string RingHint(Session& session, absl::string_view ring) {
  constexpr absl::string_view kList = "`clockwise ring list` shows the rings";
  const absl::string_view wanted = ring.empty() ? kDefaultRing : ring;
  std::vector<std::string> names;
  const v1::ListRingsResponse live = Rings(session, /*deleted=*/false);
  names.reserve(live.rings_size());
  for (const v1::RingInfo& one : live.rings()) {
    if (one.spec().name() == wanted) return std::string(kList);
    names.push_back(one.spec().name());
  }
  std::string deleted = DeletedRingHint(session, wanted);
  if (!deleted.empty()) return deleted;
  const auto near = NearestNames(wanted, names, kNamesInHint);
  return near.empty() ? std::string(kList) : DidYouMean(near);
}

}  // namespace

void Say(absl::string_view text) {
  const std::string line = absl::StrCat("clockwise: ", Printable(text), "\n");
  std::fwrite(line.data(), 1, line.size(), stderr);
}

absl::Status GetRing(Session& session, uint64_t epoch,
                     v1::GetRingResponse* response) {
  v1::GetRingRequest request;
  request.set_ring(session.globals.ring);
  request.set_epoch(epoch);
  return session.connection.Call(&Connection::Stub::GetRing, request, response);
}

std::string DeletedRingHint(Session& session, absl::string_view ring) {
  const v1::ListRingsResponse deleted = Rings(session, /*deleted=*/true);
  for (const v1::RingInfo& one : deleted.rings()) {
    // A server of version 0.1.0 lists the other rings.
    if (one.spec().name() != ring || !one.has_deletion()) continue;
    const v1::RingDeletion& deletion = one.deletion();
    return absl::StrCat(
        "it was deleted at ", UtcText(deletion.delete_time()), " by ",
        ActorText(deletion.actor(), deletion.stated_actor()),
        "; to restore it: clockwise ring undelete ", ShellWord(ring));
  }
  return "";
}

absl::Status WriteRing(const v1::Snapshot& snapshot, Session& session) {
  const auto json = RingJson(snapshot);
  return json.ok() ? session.out.Write(*json) : json.status();
}

absl::Status Advise(Session& session, absl::Status failure,
                    absl::string_view ring, absl::string_view node_id) {
  if (failure.ok() || !HintOf(failure).empty()) return failure;
  switch (ReasonOf(failure)) {
    case v1::ERROR_REASON_NODE_NOT_FOUND:
      return WithHint(std::move(failure), NodeHint(session, node_id));
    case v1::ERROR_REASON_RING_NOT_FOUND:
      return WithHint(std::move(failure), RingHint(session, ring));
    case v1::ERROR_REASON_RING_EMPTY:
      return WithHint(
          std::move(failure),
          absl::StrCat(
              "add a node: clockwise ",
              ring.empty() ? "" : absl::StrCat("--ring=", ShellWord(ring), " "),
              "node add ID --address=HOST:PORT"));
    case v1::ERROR_REASON_NODE_EXISTS:
      return WithHint(std::move(failure),
                      "`clockwise node update` changes an existing node");
    case v1::ERROR_REASON_RING_EXISTS:
      return WithHint(std::move(failure),
                      "a ring's spec is fixed; `clockwise ring list` shows it");
    case v1::ERROR_REASON_EPOCH_CONFLICT:
      return WithHint(
          std::move(failure),
          "the ring has changed; run the command with --plan again");
    case v1::ERROR_REASON_EPOCH_OUT_OF_HISTORY:
      return WithHint(std::move(failure),
                      "`clockwise ring history` lists the available epochs");
    default:
      return failure;
  }
}

}  // namespace clockwise::cli
