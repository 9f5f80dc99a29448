#include "client/cli/locate_stream.h"

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "client/cli/failure.h"
#include "client/cli/key_batch.h"
#include "client/cli/progress.h"
#include "client/cli/tables/locate_lines.h"
#include "client/cli/tables/ring_tables.h"
#include "service/ring/layout.h"
#include "service/ring/layout_settings.h"

namespace clockwise::cli {
namespace {

constexpr int kPauseMilliseconds = 20;

// Returns the number of bytes left to read if standard input is a file;
// otherwise 0.
uint64_t BytesToCome() {
  struct stat status = {};
  if (fstat(STDIN_FILENO, &status) != 0 || !S_ISREG(status.st_mode)) return 0;
  const off_t at = lseek(STDIN_FILENO, 0, SEEK_CUR);
  return at >= 0 && at < status.st_size
             ? static_cast<uint64_t>(status.st_size - at)
             : 0;
}

bool InputPauses() {
  pollfd input = {STDIN_FILENO, POLLIN, 0};
  return poll(&input, 1, kPauseMilliseconds) == 0;
}

class Stream {
 public:
  Stream(const LocateOptions& options, Session& session, Locator& locator)
      : options_(options),
        session_(session),
        locator_(locator),
        batch_(options.null_separated ? '\0' : '\n'),
        progress_(BytesToCome(), absl::Now()) {
    request_.set_ring(session.globals.ring);
    request_.set_replica_count(options.replicas);
    request_.set_min_epoch(options.min_epoch);
    request_.set_min_incarnation(options.min_incarnation);
  }

  absl::Status Run();

 private:
  // Reads until the batch is full, or the input pauses or ends.
  absl::Status Fill();
  absl::Status Read();
  absl::Status LocateBatch();
  absl::Status WriteLines();
  void Count();
  absl::Status WriteSummary();

  const LocateOptions& options_;
  Session& session_;
  Locator& locator_;
  KeyBatch batch_;
  Progress progress_;
  std::array<char, size_t{64} * 1024> chunk_;
  absl::string_view rest_;  // part of chunk_ that is not in the batch yet
  bool ended_ = false;
  uint64_t bytes_read_ = 0;
  uint64_t keys_located_ = 0;
  uint64_t first_epoch_ = 0;
  v1::BatchLocateRequest request_;
  v1::BatchLocateResponse response_;
  v1::Snapshot ring_;  // set if the layout or the weights are needed
  std::map<std::string, uint64_t> keys_of_;
};

absl::Status Stream::Run() {
  if (options_.summary || session_.globals.json()) {
    v1::GetRingResponse ring;
    if (auto failure = GetRing(session_, 0, &ring); !failure.ok()) {
      return failure;
    }
    ring_.Swap(ring.mutable_snapshot());
  }
  for (;;) {
    absl::Status filled = Fill();
    // Keys before a fault are answered before the fault is reported.
    if (batch_.empty()) {
      if (!filled.ok()) return filled;
      break;
    }
    if (auto failure = LocateBatch(); !failure.ok()) return failure;
    if (!filled.ok()) return filled;
  }
  progress_.Wipe();
  // Without a summary, each empty key has its own line.
  const std::string oddities = batch_.Oddities(options_.summary);
  if (!oddities.empty()) Say(oddities);
  return options_.summary ? WriteSummary() : absl::OkStatus();
}

absl::Status Stream::Fill() {
  while (!batch_.full()) {
    if (rest_.empty()) {
      if (ended_) {
        batch_.End();
        return absl::OkStatus();
      }
      if (!batch_.empty() && InputPauses()) return absl::OkStatus();
      if (auto failure = Read(); !failure.ok()) return failure;
      continue;
    }
    const auto taken = batch_.Add(rest_);
    if (!taken.ok()) return taken.status();
    rest_.remove_prefix(*taken);
  }
  return absl::OkStatus();
}

absl::Status Stream::Read() {
  const ssize_t bytes = read(STDIN_FILENO, chunk_.data(), chunk_.size());
  if (bytes < 0) {
    if (errno == EINTR) return absl::OkStatus();
    return BadUsage(
        absl::StrCat("cannot read standard input: ", std::strerror(errno)));
  }
  ended_ = bytes == 0;
  rest_ = absl::string_view(chunk_.data(), static_cast<size_t>(bytes));
  bytes_read_ += rest_.size();
  return absl::OkStatus();
}

absl::Status Stream::LocateBatch() {
  batch_.Take(*request_.mutable_keys());
  response_.Clear();
  absl::Status failure = locator_.BatchLocate(request_, &response_);
  if (!failure.ok()) return failure;
  if (!IsConsistent(response_, request_.keys_size())) {
    return absl::InternalError(
        "the server's response does not match the keys of the request; report "
        "this bug");
  }
  if (first_epoch_ == 0) first_epoch_ = response_.epoch();
  request_.set_min_epoch(std::max(request_.min_epoch(), response_.epoch()));
  request_.set_min_incarnation(response_.incarnation());
  keys_located_ += static_cast<uint64_t>(request_.keys_size());
  if (options_.summary) {
    Count();
  } else if (failure = WriteLines(); !failure.ok()) {
    return failure;
  }
  progress_.Show(keys_located_, bytes_read_, absl::Now());
  return absl::OkStatus();
}

absl::Status Stream::WriteLines() {
  std::string lines;
  if (session_.globals.json()) {
    std::optional<KeyHasher> hasher;
    if (const auto spec = NormalizeSpec(ring_.spec()); spec.ok()) {
      hasher.emplace(*spec);
    }
    lines = JsonLines(request_.keys(), response_,
                      [&](absl::string_view key) -> std::optional<uint64_t> {
                        if (!hasher.has_value()) return std::nullopt;
                        return (*hasher)(key).position;
                      });
  } else {
    lines = TextLines(request_.keys(), response_);
  }
  if (isatty(STDOUT_FILENO) == 1) progress_.Wipe();
  if (auto failure = session_.out.Write(lines); !failure.ok()) return failure;
  return session_.out.Flush();
}

void Stream::Count() {
  std::vector<uint64_t> counts(static_cast<size_t>(response_.nodes_size()));
  for (const uint32_t node : response_.owners()) ++counts[node];
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    keys_of_[response_.nodes(static_cast<int>(i)).node_id()] += counts[i];
  }
}

absl::Status Stream::WriteSummary() {
  const uint64_t epoch = keys_located_ > 0 ? response_.epoch() : ring_.epoch();
  if (epoch != ring_.epoch()) {
    v1::GetRingResponse ring;
    if (auto failure = GetRing(session_, 0, &ring); !failure.ok()) {
      return failure;
    }
    ring_.Swap(ring.mutable_snapshot());
  }
  if (keys_located_ > 0 && first_epoch_ != epoch) {
    Say(absl::StrCat(
        "the ring changed during the run: the counts are for epochs ",
        first_epoch_, " to ", epoch));
  }
  const auto spread = SpreadOver(ring_, keys_of_);
  return session_.out.Write(session_.globals.json()
                                ? SpreadJson(spread, keys_located_, epoch)
                                : SpreadTable(spread, session_.terminal));
}

}  // namespace

absl::Status LocateStream(const LocateOptions& options, Session& session,
                          Locator& locator) {
  if (isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1) {
    Say("type one key per line; end with Ctrl-D");
  }
  return Stream(options, session, locator).Run();
}

}  // namespace clockwise::cli
