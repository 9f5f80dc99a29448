// `clockwise ring delete|undelete`: deletes a ring, and restores a deleted one.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/cli/command_line.h"
#include "client/cli/commands/change.h"
#include "client/cli/confirm.h"
#include "client/cli/failure.h"
#include "client/cli/option_checks.h"
#include "client/cli/tables/ring_tables.h"
#include "client/cli/text.h"
#include "service/api/refusal.h"
#include "service/limits.h"

namespace clockwise::cli {
namespace {

struct DeleteOptions {
  std::string name;
  ChangeOptions change;
  bool force = false;
  bool yes = false;
};

struct UndeleteOptions {
  std::string name;
  uint64_t incarnation = 0;  // 0: the newest
  std::string reason;
  std::string request_id;
};

std::string NodesOf(uint64_t count) {
  return absl::StrCat(Grouped(count), count == 1 ? " node" : " nodes");
}

// Shows the user the ring that `request` would delete, and asks. The request
// then deletes the ring only in the state that was shown.
absl::Status AskToDelete(const DeleteOptions& options, Session& session,
                         v1::DeleteRingRequest& request) {
  if (options.yes) return absl::OkStatus();
  v1::GetRingRequest read;
  read.set_ring(options.name);
  v1::GetRingResponse response;
  absl::Status failure =
      session.connection.Call(&Connection::Stub::GetRing, read, &response);
  if (!failure.ok()) return failure;
  const v1::Snapshot& ring = response.snapshot();
  const auto nodes = static_cast<uint64_t>(ring.nodes_size());
  const std::string fact =
      absl::StrCat("ring ", options.name, " has ", NodesOf(nodes),
                   " and is at epoch ", ring.epoch());
  // The server refuses this too. Servers of older versions do not.
  if (nodes > 0 && !options.force) {
    return WithHint(Refusal(v1::ERROR_REASON_FORCE_REQUIRED,
                            absl::StrCat(fact, "; nothing was changed")),
                    "--force deletes a ring that has nodes");
  }
  failure = Confirm(fact, options.name, false);
  if (!failure.ok()) return failure;
  if (request.expected_epoch() == 0) request.set_expected_epoch(ring.epoch());
  if (request.expected_incarnation() == 0) {
    request.set_expected_incarnation(ring.incarnation());
  }
  return absl::OkStatus();
}

std::string DeletionReport(const std::string& name,
                           const v1::DeleteRingResponse& response) {
  std::string text = absl::StrCat("deleted ring ", name);
  if (!response.has_ring()) return text + "\n";  // an older server
  const v1::RingInfo& ring = response.ring();
  if (response.restored_epoch() > 0) {
    return absl::StrCat("ring ", name, " was deleted at epoch ", ring.epoch(),
                        " by this request, and restored at epoch ",
                        response.restored_epoch(), "; nothing was changed\n");
  }
  absl::StrAppend(&text, ": epoch ", ring.epoch(), ", ",
                  NodesOf(ring.node_count()), "\n");
  if (ring.deletion().has_expire_time()) {
    absl::StrAppend(&text, "to restore it until ",
                    UtcText(ring.deletion().expire_time()),
                    ": clockwise ring undelete ", ShellWord(name), "\n");
  } else {
    absl::StrAppend(&text,
                    "it cannot be restored: the server did not keep "
                    "it\n");
  }
  return text;
}

absl::Status DeleteRing(const DeleteOptions& options, Session& session) {
  v1::DeleteRingRequest request;
  request.set_ring(options.name);
  request.set_expected_epoch(options.change.expected_epoch);
  request.set_expected_incarnation(options.change.expected_incarnation);
  request.set_reason(options.change.reason);
  request.set_request_id(options.change.request_id.empty()
                             ? NewRequestId()
                             : options.change.request_id);
  request.set_force(options.force);
  absl::Status failure = AskToDelete(options, session, request);
  v1::DeleteRingResponse response;
  if (failure.ok()) {
    failure = session.connection.Call(&Connection::Stub::DeleteRing, request,
                                      &response, Retry::kFewTimes);
    if (IsUncertain(failure)) {
      return AdviseChange(session, failure, {"", "", ""}, request.request_id(),
                          /*plan=*/false);
    }
  }
  if (ReasonOf(failure) == v1::ERROR_REASON_FORCE_REQUIRED) {
    return WithHint(failure, "--force deletes the ring all the same");
  }
  if (ReasonOf(failure) == v1::ERROR_REASON_EPOCH_CONFLICT) {
    return WithHint(failure, "`clockwise ring show` shows the present state");
  }
  if (!failure.ok()) return Advise(session, failure, options.name, "");
  if (session.globals.json()) return session.out.WriteJson(response);
  return session.out.Write(DeletionReport(options.name, response));
}

absl::Status UndeleteRing(const UndeleteOptions& options, Session& session) {
  v1::UndeleteRingRequest request;
  request.set_ring(options.name);
  request.set_incarnation(options.incarnation);
  request.set_reason(options.reason);
  request.set_request_id(options.request_id.empty() ? NewRequestId()
                                                    : options.request_id);
  v1::UndeleteRingResponse response;
  absl::Status failure = session.connection.Call(
      &Connection::Stub::UndeleteRing, request, &response, Retry::kFewTimes);
  switch (ReasonOf(failure)) {
    case v1::ERROR_REASON_RING_EXISTS:
      return WithHint(failure,
                      "a ring with this name was created since; delete it "
                      "first");
    case v1::ERROR_REASON_RING_NOT_FOUND:
      return WithHint(failure,
                      "`clockwise ring list --deleted` shows the deleted "
                      "rings");
    default:
      break;
  }
  if (!failure.ok()) {
    return AdviseChange(session, failure, {"", "", ""}, request.request_id(),
                        /*plan=*/false);
  }
  if (session.globals.json()) return session.out.WriteJson(response);
  const v1::RingInfo& ring = response.ring();
  std::string text =
      absl::StrCat("restored ring ", options.name, ": epoch ", ring.epoch(),
                   ", ", NodesOf(ring.node_count()), "\n");
  const std::string& source = response.change().ended_migration_from();
  if (!source.empty()) {
    absl::StrAppend(&text, "note: its migration from ring ", source,
                    " was ended, because that ring no longer exists\n");
  }
  return session.out.Write(text);
}

void AddName(CLI::App* command, std::string& name) {
  command->add_option("NAME", name, "Name of the ring")
      ->type_name("")
      ->required()
      ->check(Text(limits::kMaxIdBytes));
}

}  // namespace

void AddRingDeleteCommands(CLI::App& ring, CommandLine& line) {
  auto options = std::make_shared<DeleteOptions>();
  CLI::App* remove =
      ring.add_subcommand("delete", "Delete a ring; asks for confirmation");
  remove->alias("rm")->alias("remove");
  AddName(remove, options->name);
  AddYesFlag(remove, options->yes);
  remove->add_flag("--force", options->force,
                   "Delete the ring even if it has nodes, or open Watch "
                   "streams on the server");
  AddRequestOptions(remove, options->change);
  remove->footer(
      "The server keeps a deleted ring with its history for a week\n"
      "(--keep-deleted-rings), and `clockwise ring undelete` restores it.\n"
      "\n"
      "Examples:\n"
      "  clockwise ring delete cache --force --reason=\"moved to cache-2\"\n"
      "  clockwise ring delete cache --force --yes --expected-epoch=12");
  OnChosen(remove, line, options, DeleteRing);

  auto restored = std::make_shared<UndeleteOptions>();
  CLI::App* undelete =
      ring.add_subcommand("undelete", "Restore a deleted ring");
  AddName(undelete, restored->name);
  undelete
      ->add_option("--incarnation", restored->incarnation,
                   "Incarnation of the deleted ring, as `ring list --deleted` "
                   "shows it (default: the ring that was deleted last)")
      ->type_name("NUMBER")
      ->transform(Incarnation());
  AddReasonOptions(undelete, restored->reason, restored->request_id);
  undelete->footer(
      "The ring keeps its incarnation and history, and continues at its next\n"
      "epoch.\n"
      "\n"
      "Examples:\n"
      "  clockwise ring list --deleted\n"
      "  clockwise ring undelete cache --reason=\"deleted by mistake\"");
  OnChosen(undelete, line, restored, UndeleteRing);
}

}  // namespace clockwise::cli
