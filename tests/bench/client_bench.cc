// Measures the processor time of a look-up in this process, and prints it as
// JSON: Locate of the client (with its check for a newer ring), Locate of one
// view (without it), and an RPC to the server. client.py adds the server's
// time.
//
// usage: client_bench HOST:PORT LOCAL_LOOK-UPS RPCS
#include <sys/resource.h>

#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "clockwise/client.h"

namespace {

double Seconds() {
  rusage used;
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) +
           static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// Returns the seconds per call of `work`; below 0: a call failed.
template <typename Work>
double Each(int times, Work work) {
  const double before = Seconds();
  for (int i = 0; i < times; ++i) {
    if (!work(i)) return -1;
  }
  return (Seconds() - before) / times;
}

}  // namespace

int main(int argc, char** argv) {
  int looks = 0;
  int calls = 0;
  if (argc != 4 || !absl::SimpleAtoi(argv[2], &looks) ||
      !absl::SimpleAtoi(argv[3], &calls)) {
    return 2;
  }
  const auto client = clockwise::Client::Create({argv[1]});
  if (!client.ok() ||
      !(*client)->WaitForEpoch(1, std::chrono::seconds(10)).ok()) {
    return 1;
  }
  std::vector<std::string> keys;
  for (int i = 0; i < 1 << 16; ++i) keys.push_back(absl::StrCat("key-", i));
  const auto key = [&](int i) -> const std::string& {
    return keys[static_cast<size_t>(i) % keys.size()];
  };
  const double local =
      Each(looks, [&](int i) { return (*client)->Locate(key(i)).ok(); });
  uint32_t owners[clockwise::kMaxOwners];
  const double in_view = Each(looks, [&](int i) {
    return (*client)->CurrentView()->Locate(key(i), 0, owners).ok();
  });
  const double remote =
      Each(calls, [&](int i) { return (*client)->LocateRemote(key(i)).ok(); });
  if (local < 0 || in_view < 0 || remote < 0) return 1;
  std::printf(
      "{\"bench\":\"client\",\"local_ns\":%.2f,\"view_ns\":%.2f,"
      "\"rpc_client_ns\":%.0f}\n",
      local * 1e9, in_view * 1e9, remote * 1e9);
  return 0;
}
