// Looks up each line of standard input as a key in a local mirror.
//
// usage: lookup SERVER[,SERVER…] [RING [NODE]]
// NODE: also print what that node gains and loses when the ring changes.
#include <clockwise/client.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace {

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) {
    parts.push_back(part);
  }
  return parts;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: lookup SERVER[,SERVER...] [RING [NODE]]\n");
    return 2;
  }
  clockwise::Options options;
  if (argc > 2) options.ring = argv[2];
  auto client = clockwise::Client::Create(Split(argv[1]), options);
  if (!client.ok()) {
    std::cerr << client.status() << "\n";
    return 2;
  }
  const absl::Status ready =
      (*client)->WaitForEpoch(1, std::chrono::seconds(10));
  if (!ready.ok()) {
    std::cerr << ready << "\n";
    return 1;
  }
  clockwise::Subscription subscription;
  if (argc > 3) {
    subscription =
        (*client)->OnChange(argv[3], [](const clockwise::RingEvent& event) {
          std::fprintf(stderr, "epoch %llu: %zu ranges gained, %zu lost%s\n",
                       static_cast<unsigned long long>(event.epoch),
                       event.gained.size(), event.lost.size(),
                       event.deleted ? "; the ring was deleted" : "");
        });
  }
  for (std::string key; std::getline(std::cin, key);) {
    const auto owners = (*client)->Locate(key);
    if (!owners.ok()) {
      std::cout << key << "\t" << owners.status() << std::endl;
      continue;
    }
    std::cout << key;
    for (size_t i = 0; i < owners->size(); ++i) {
      std::cout << "\t" << (*owners)[i].id;
    }
    std::cout << "\tepoch " << owners->epoch() << std::endl;
  }
  const clockwise::State state = (*client)->state();
  std::fprintf(stderr, "%llu snapshots, %llu changes, %llu mismatches\n",
               static_cast<unsigned long long>(state.snapshots),
               static_cast<unsigned long long>(state.deltas),
               static_cast<unsigned long long>(state.mismatches));
}
