#include "client/cli/commands/change.h"

#include <random>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/failure.h"
#include "client/cli/option_checks.h"
#include "client/cli/tables/moves_report.h"
#include "client/cli/text.h"
#include "service/limits.h"

namespace clockwise::cli {

std::string MovedText(const v1::Change& change, bool plan) {
  if (change.comparison().moved_ratio() == 0) {
    return plan ? "nothing would move" : "nothing moved";
  }
  return absl::StrCat(Percent(change.comparison().moved_ratio()),
                      " of the hash space ", plan ? "would move" : "moved",
                      " (least possible ",
                      Percent(change.comparison().minimum_moved_ratio()), ")");
}

void AddReasonOptions(CLI::App* command, std::string& reason,
                      std::string& request_id) {
  command->add_option("--reason", reason, "Reason that the history records")
      ->type_name("TEXT")
      ->check(Text(limits::kMaxReasonBytes));
  AddRequestIdOption(command, request_id);
}

void AddRequestOptions(CLI::App* command, ChangeOptions& options) {
  AddReasonOptions(command, options.reason, options.request_id);
  command
      ->add_option("--expected-epoch", options.expected_epoch,
                   "Epoch that the ring must have; 0 means any (default: 0)")
      ->type_name("EPOCH")
      ->check(WholeNumber(0));
  command
      ->add_option(
          "--expected-incarnation", options.expected_incarnation,
          "Incarnation that the ring must have; 0 means any (default: 0)")
      ->type_name("NUMBER")
      ->transform(Incarnation());
}

void AddChangeOptions(CLI::App* command, ChangeOptions& options) {
  command->add_flag("--plan", options.plan,
                    "Show what would move, without changing anything");
  AddRequestOptions(command, options);
}

void AddRequestIdOption(CLI::App* command, std::string& request_id) {
  command
      ->add_option("--request-id", request_id,
                   "Id of the request; a retry with the same id has no second "
                   "effect (default: random)")
      ->type_name("ID")
      ->check(RequestId());
}

std::string NewRequestId() {
  std::random_device random;
  std::string id;
  for (int i = 0; i < 4; ++i) absl::StrAppendFormat(&id, "%08x", random());
  return id;
}

std::string ApplyLine(const std::vector<std::string>& arguments,
                      uint64_t epoch) {
  const std::string expected =
      epoch == 0 ? "" : absl::StrCat(" --expected-epoch=", epoch);
  std::string line = "clockwise";
  bool options_ended = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (!options_ended) {
      if (argument == "--plan" || absl::StartsWith(argument, "--plan=") ||
          absl::StartsWith(argument, "--expected-epoch=")) {
        continue;
      }
      if (argument == "--expected-epoch") {
        ++i;  // its value
        continue;
      }
      if (argument == "--") {
        options_ended = true;
        line += expected;
      }
    }
    absl::StrAppend(&line, " ", ShellWord(argument));
  }
  return options_ended ? line : line + expected;
}

std::string ChangeReport(const v1::Change& change, const ChangeWords& words,
                         const ChangeOptions& options, Session& session) {
  std::string text = options.plan ? "plan (nothing changed)\n" : "";
  if (change.upserted().empty() && change.removed_ids().empty()) {
    absl::StrAppend(&text, words.node_id, " is already up to date (epoch ",
                    change.epoch(), ")\n");
    return text;
  }
  std::string verb = options.plan ? words.planned : words.done;
  if (words.may_update && change.added_ids().empty()) {
    verb = options.plan ? "would update" : "updated";
  }
  absl::StrAppend(&text, verb, " ", words.node_id, ": epoch ", change.epoch(),
                  ", ", MovedText(change, options.plan), "\n");
  absl::StrAppend(&text, MovesReport(change.comparison(), session.terminal));
  if (options.plan) {
    absl::StrAppend(&text, "to apply it: ",
                    ApplyLine(session.arguments, change.epoch() - 1), "\n");
  }
  return text;
}

absl::Status AdviseChange(Session& session, absl::Status failure,
                          const ChangeWords& words,
                          const std::string& request_id, bool plan) {
  if (IsUncertain(failure) && !plan) {
    return UnknownOutcome(
        std::move(failure),
        absl::StrCat("repeat the command with --request-id=",
                     ShellWord(request_id), ", which applies it only once"));
  }
  return Advise(session, std::move(failure), session.globals.ring,
                words.node_id);
}

}  // namespace clockwise::cli
