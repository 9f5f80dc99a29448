#include "client/cli/connection.h"

#include <utility>

#include "absl/time/clock.h"
#include "client/cli/failure.h"
#include "client/lib/backoff.h"
#include "service/channel/channel.h"
#include "service/channel/status_mapping.h"

namespace clockwise::cli {
namespace {

// A server that was never there is soon given up; one that was there and may
// have got the request is likely to come back.
constexpr int kAttempts = 4;
constexpr int kAttemptsOnceSent = 8;
constexpr absl::Duration kFirstRetryWait = absl::Milliseconds(200);
constexpr absl::Duration kLongestRetryWait = absl::Seconds(2);

std::shared_ptr<grpc::Channel> Connect(
    const std::string& server,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  ChannelOptions options;
  options.program = "clockwise-cli";
  return NewChannel(server, credentials, options);
}

bool MayPass(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ||
         status.error_code() == grpc::StatusCode::CANCELLED;
}

}  // namespace

Connection::Connection(
    std::string server,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials,
    absl::Duration timeout)
    : server_(std::move(server)),
      timeout_(timeout),
      channel_(Connect(server_, credentials)),
      stub_(v1::PlacementService::NewStub(channel_)),
      random_(std::random_device()()) {}

absl::Status Connection::Explain(const grpc::Status& status) const {
  const bool connected =
      channel_->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY;
  return cli::Explain(FromGrpc(status), server_, connected);
}

double Connection::Random() {
  return std::uniform_real_distribution<double>()(random_);
}

absl::Status Connection::Run(
    Retry retry, absl::FunctionRef<grpc::Status(grpc::ClientContext*)> call) {
  const absl::Time deadline = absl::Now() + timeout_;
  client::Backoff backoff(kFirstRetryWait, kLongestRetryWait);
  // What is told in the end: an attempt that may have arrived before one that
  // cannot have, and the first of a kind, whose reason is the plainest.
  absl::Status told;
  for (int attempt = 1;; ++attempt) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(deadline));
    const grpc::Status status = call(&context);
    absl::Status outcome = Explain(status);
    if (outcome.ok()) return outcome;
    if (told.ok() || (IsUncertain(outcome) && !IsUncertain(told))) {
      told = outcome;
    }
    const absl::Duration wait = backoff.Next(Random());
    const int attempts = IsUncertain(told) ? kAttemptsOnceSent : kAttempts;
    if (retry == Retry::kNever || !MayPass(status) || attempt >= attempts ||
        absl::Now() + wait >= deadline) {
      return ExitCodeOf(outcome) == ExitCode::kNotReached ? told : outcome;
    }
    absl::SleepFor(wait);
  }
}

}  // namespace clockwise::cli
