// `clockwise watch`: prints the ring and its changes.
#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/command_line.h"
#include "client/cli/failure.h"
#include "client/cli/tables/watch_view.h"
#include "client/lib/backoff.h"
#include "client/lib/retries.h"
#include "client/lib/watch_call.h"
#include "service/api/refusal.h"
#include "service/channel/status_mapping.h"

namespace clockwise::cli {
namespace {

// Maximum time without a message while the heartbeat interval is not known. A
// connection without heartbeats is dead, even if TCP reports no error.
constexpr absl::Duration kSilence = absl::Seconds(15);
constexpr absl::Duration kFirstResumeWait = absl::Milliseconds(200);
constexpr absl::Duration kLongestResumeWait = absl::Seconds(5);

struct WatchOptions {
  bool moves = false;
  bool heartbeats = false;
};

class Watcher {
 public:
  Watcher(const WatchOptions& options, Session& session)
      : options_(options), session_(session), view_(session.terminal) {}

  // Runs until the ring is deleted or the output is closed. Never returns OK.
  absl::Status Run() {
    for (;;) {
      const absl::Status end = Follow();
      if (!output_.ok()) return output_;
      absl::Status failure = session_.connection.Explain(end);
      if (!reached_ && ExitCodeOf(failure) == ExitCode::kNotReached &&
          ++unreached_ < session_.connection.server_count()) {
        session_.connection.UseNextServer(/*was_silent=*/false);
        continue;
      }
      if (!MayResume(end)) return failure;
      if (!std::exchange(away_, true)) {
        Say(absl::StrCat(failure.message(), "; reconnecting"));
      }
      session_.connection.UseNextServer(absl::IsDeadlineExceeded(end));
      absl::SleepFor(
          client::WaitAfter(end, backoff_.Next(session_.connection.Random()),
                            kLongestResumeWait));
    }
  }

 private:
  // Reads one stream until it ends or the output fails.
  absl::Status Follow() {
    v1::WatchRequest request;
    request.set_ring(session_.globals.ring);
    request.set_known_epoch(view_.epoch());
    request.set_known_incarnation(view_.incarnation());
    // The text output shows the transfers between nodes.
    request.set_include_moves(options_.moves || !session_.globals.json());
    const auto stub = session_.connection.stub();
    // The only server is probably restarting: wait until it is there.
    const bool wait = away_ && session_.connection.server_count() == 1;
    client::WatchCall stream(*stub, request, wait);
    absl::Duration time = session_.connection.timeout();
    for (bool first = true;; first = false) {
      v1::WatchResponse message;
      absl::Status status = FromGrpc(stream.Next(time, &message));
      if (!status.ok()) {
        // The call has waited long enough; do not wait again.
        if (wait && first && absl::IsDeadlineExceeded(status)) backoff_.Reset();
        return status;
      }
      time = std::max(client::SilenceLimit(kSilence, message.heartbeat_ms()),
                      session_.connection.timeout());
      reached_ = true;
      if (std::exchange(away_, false)) Say("connected again");
      const uint64_t before = view_.epoch();
      output_ = Print(message);
      if (!output_.ok()) return absl::CancelledError();
      // Progress: a server that only accepts streams is not called in a loop.
      if (!first || view_.epoch() > before) backoff_.Reset();
    }
  }

  absl::Status Print(const v1::WatchResponse& message) {
    const std::string line = view_.Describe(message);
    absl::Status failure;
    if (session_.globals.json()) {
      if (!line.empty() || options_.heartbeats) {
        failure = session_.out.WriteJson(message);
      }
    } else if (!line.empty()) {
      failure = session_.out.Write(absl::StrCat(
          absl::FormatTime("%H:%M:%S UTC", absl::Now(), absl::UTCTimeZone()),
          " ", line, "\n"));
    } else if (options_.heartbeats) {
      failure = session_.out.Write(
          absl::StrCat("heartbeat: epoch ", view_.epoch(), "\n"));
    }
    return failure.ok() ? session_.out.Flush() : failure;
  }

  // Returns true if the watch continues after `end`. Before the first message,
  // it continues only after an error of a server: a server that was never
  // reached is probably a wrong address. ABORTED: this process was suspended.
  bool MayResume(const absl::Status& end) const {
    if (!reached_ && ReasonOf(end) == v1::ERROR_REASON_UNSPECIFIED) {
      return false;
    }
    return client::MayPass(end) || absl::IsAborted(end);
  }

  const WatchOptions& options_;
  Session& session_;
  WatchView view_;
  client::Backoff backoff_{kFirstResumeWait, kLongestResumeWait};
  absl::Status output_;
  bool reached_ = false;  // true once any message has arrived
  size_t unreached_ = 0;  // servers that failed, before the first message
  bool away_ = false;     // the message about the lost server was printed
};

}  // namespace

void AddWatchCommand(CLI::App& app, CommandLine& line) {
  auto options = std::make_shared<WatchOptions>();
  CLI::App* watch = app.add_subcommand(
      "watch", "Print the ring and each change as it happens");
  watch->add_flag("--moves", options->moves,
                  "With --output=json: print the ranges that move too");
  watch->add_flag("--heartbeats", options->heartbeats, "Print heartbeats too");
  watch->footer(
      "Reconnects and resumes when the connection is lost. Ends when the ring\n"
      "is deleted.\n"
      "\n"
      "Examples:\n"
      "  clockwise watch --ring=sessions\n"
      "  clockwise watch --output=json | while read -r line; do …; done");
  OnChosen(watch, line, options,
           [](const WatchOptions& chosen, Session& session) {
             return Watcher(chosen, session).Run();
           });
}

}  // namespace clockwise::cli
