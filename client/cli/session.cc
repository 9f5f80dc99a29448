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

std::string RingHint(Session& session, absl::string_view wanted) {
  v1::ListRingsRequest request;
  request.set_page_size(limits::kMaxPageSize);
  v1::ListRingsResponse response;
  std::vector<std::string> names;
  if (session.connection.Call(&Connection::Stub::ListRings, request, &response)
          .ok()) {
    for (const v1::RingInfo& ring : response.rings()) {
      names.push_back(ring.spec().name());
    }
  }
  const auto near = NearestNames(wanted, names, kNamesInHint);
  if (near.empty()) return "`clockwise ring list` shows the rings";
  return DidYouMean(near);
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
