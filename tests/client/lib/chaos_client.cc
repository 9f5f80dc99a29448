// Prints what a client would answer, for client_chaos_test.py: every few
// milliseconds one line of fields separated by tabs:
//   time (CLOCK_MONOTONIC, ns), staleness (ms), source, epoch, incarnation,
//   fingerprint, the owners of each key (ids separated by commas)
// Prints the client's state to standard error at the end.
//
// usage: chaos_client SERVER,SERVER RING_FILE KEY…   until standard input ends
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "clockwise/client.h"

namespace {

// Returns the owners of all keys from one ring, or "none".
std::string Answers(const clockwise::Client& client,
                    const std::vector<std::string>& keys) {
  std::string line;
  for (const std::string& key : keys) {
    const auto owners = client.Locate(key);
    if (!owners.ok()) return "none";
    if (line.empty()) {
      line = absl::StrCat(owners->epoch(), "\t", owners->incarnation(), "\t",
                          owners->fingerprint());
    } else if (!absl::StartsWith(line, absl::StrCat(owners->epoch(), "\t"))) {
      return "changed";  // between two keys: owners of two rings
    }
    absl::StrAppend(&line, "\t");
    for (size_t i = 0; i < owners->size(); ++i) {
      absl::StrAppend(&line, i == 0 ? "" : ",", (*owners)[i].id);
    }
  }
  return line;
}

bool InputEnded() {
  pollfd input = {STDIN_FILENO, POLLIN, 0};
  return poll(&input, 1, 0) != 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  clockwise::Options options;
  options.ring_file = argv[2];
  options.silence = std::chrono::milliseconds(1500);
  options.first_pause = std::chrono::milliseconds(20);
  options.longest_pause = std::chrono::milliseconds(300);
  auto client = clockwise::Client::Create(
      absl::StrSplit(argv[1], ',', absl::SkipEmpty()), options);
  if (!client.ok()) return 2;
  const std::vector<std::string> keys(argv + 3, argv + argc);
  while (!InputEnded()) {
    // The order matters: a ring that arrives in between can only be newer.
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    const auto staleness = (*client)->staleness();
    const bool file = (*client)->state().source == clockwise::Source::kFile;
    std::printf("%lld\t%lld\t%s\t%s\n",
                static_cast<long long>(std::chrono::nanoseconds(now).count()),
                static_cast<long long>(staleness.count()),
                file ? "file" : "server", Answers(**client, keys).c_str());
    std::fflush(stdout);
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
  const clockwise::State state = (*client)->state();
  std::fprintf(stderr,
               "%llu snapshots, %llu changes, %llu reconnects, %llu resyncs, "
               "%llu mismatches; %s\n",
               static_cast<unsigned long long>(state.snapshots),
               static_cast<unsigned long long>(state.deltas),
               static_cast<unsigned long long>(state.reconnects),
               static_cast<unsigned long long>(state.resyncs),
               static_cast<unsigned long long>(state.mismatches),
               state.last_error.c_str());
}
