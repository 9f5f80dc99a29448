// What a look-up costs, beside others and beside the limit: one XXH3 and one
// random read over as much memory. All take turns in each round, so that what
// else the machine does meets them alike; medians are told, as JSON, an object
// a line. Compare within a run only: lookup.py makes ratios of them.
//
// usage: lookup_bench [ROUNDS] [NODESxPOINTS ...]
#include <openssl/evp.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/ring/hash.h"
#include "service/ring/next_ring.h"
#include "service/ring/ring.h"
#include "tests/ring/first_end.h"

namespace clockwise {
namespace {

constexpr size_t kKeys = 1 << 20;
constexpr size_t kKeyBytes = 16;

class Keys {
 public:
  Keys() : bytes_(kKeys * kKeyBytes, '\0') {
    std::mt19937_64 random(1);
    for (char& c : bytes_) c = static_cast<char>('a' + random() % 26);
  }
  absl::string_view operator[](size_t i) const {
    return {bytes_.data() + (i & (kKeys - 1)) * kKeyBytes, kKeyBytes};
  }

 private:
  std::string bytes_;
};

// One way to look keys up; the sum keeps the compiler from leaving it out.
struct Way {
  std::string name;
  std::function<uint64_t(const Keys& keys, size_t first, size_t count)> look;
  double bytes_per_point = 0;
  std::vector<double> nanoseconds = {};
};

template <typename Find>
Way OneByOne(const std::string& name, Find find) {
  return {name, [find](const Keys& keys, size_t first, size_t count) {
            uint64_t sum = 0;
            for (size_t i = first; i < first + count; ++i) sum += find(keys[i]);
            return sum;
          }};
}

NodeList Nodes(uint32_t count) {
  NodeList nodes;
  for (uint32_t i = 0; i < count; ++i) {
    auto node = std::make_shared<v1::Node>();
    node->set_id(absl::StrCat("node-", 100000 + i));
    node->set_hash_key(node->id());
    node->set_weight(1);
    node->set_zone(absl::StrCat("zone-", i % 3));
    node->set_ordinal(i + 1);
    nodes.push_back(std::move(node));
  }
  return nodes;
}

std::shared_ptr<const Ring> RingOf(v1::Layout layout, uint32_t points,
                                   uint32_t replicas, const NodeList& nodes) {
  v1::RingSpec spec;
  spec.set_layout(layout);
  spec.set_replicas(replicas);
  if (layout == v1::LAYOUT_HASHED) spec.set_virtual_nodes(points);
  if (layout == v1::LAYOUT_PARTITIONED) spec.set_partition_bits(16);
  const auto empty = Ring::Build(spec, {});
  return *NextRing(**empty, nodes);
}

// One XXH3 and one read of a line at random: what no look-up can go below.
Way Limit(const std::string& name, size_t bytes) {
  auto memory = std::make_shared<std::vector<uint64_t>>(
      std::max<size_t>(8, bytes / sizeof(uint64_t)), 1);
  const uint64_t lines = memory->size() / 8;
  return OneByOne(name, [memory, lines](absl::string_view key) {
    const auto line = static_cast<uint64_t>(
        absl::Uint128High64(absl::uint128(Xxh3(key)) * lines));
    return (*memory)[line * 8];
  });
}

// Envoy's ring: an array of hash and host, and its search, written anew after
// its description (source/extensions/load_balancing_policies/ring_hash): the
// middle is an answer if the hash lies between it and the one before.
class EnvoyRing {
 public:
  explicit EnvoyRing(const Ring& ring) {
    for (const NodePtr& node : ring.nodes()) {
      hosts_.push_back(std::make_shared<std::string>(node->id()));
    }
    for (size_t i = 0; i < ring.slots(); ++i) {
      ring_.push_back({ring.positions()[i], hosts_[ring.slot_nodes()[i]]});
    }
  }
  std::shared_ptr<const std::string> Choose(uint64_t hash) const {
    auto low = int64_t{0};
    auto high = static_cast<int64_t>(ring_.size());
    while (true) {
      const int64_t middle = (low + high) / 2;
      if (middle == static_cast<int64_t>(ring_.size())) return ring_[0].host;
      const uint64_t here = ring_[static_cast<size_t>(middle)].hash;
      const uint64_t before =
          middle == 0 ? 0 : ring_[static_cast<size_t>(middle - 1)].hash;
      if (hash <= here && hash > before) {
        return ring_[static_cast<size_t>(middle)].host;
      }
      if (here < hash) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
      if (low > high) return ring_[0].host;
    }
  }

 private:
  struct Entry {
    uint64_t hash;
    std::shared_ptr<const std::string> host;
  };
  std::vector<std::shared_ptr<const std::string>> hosts_;
  std::vector<Entry> ring_;
};

uint64_t Md5(absl::string_view key) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  EVP_Digest(key.data(), key.size(), digest, nullptr, EVP_md5(), nullptr);
  uint64_t first;
  memcpy(&first, digest, sizeof(first));
  return first;
}

std::vector<Way> PeersOf(const Ring& ring) {
  std::vector<Way> ways;
  const auto ends = std::make_shared<std::vector<uint64_t>>(
      ring.positions().begin(), ring.positions().end());
  const auto nodes = std::make_shared<std::vector<uint32_t>>(
      ring.slot_nodes().begin(), ring.slot_nodes().end());
  ways.push_back(
      OneByOne("std::lower_bound", [ends, nodes](absl::string_view key) {
        return (*nodes)[FirstEnd(*ends, Xxh3(key))];
      }));
  auto pairs = std::make_shared<std::vector<std::pair<uint64_t, uint32_t>>>();
  auto map = std::make_shared<std::map<uint64_t, std::string>>();
  for (size_t i = 0; i < ends->size(); ++i) {
    pairs->emplace_back((*ends)[i], (*nodes)[i]);
    (*map)[(*ends)[i]] = ring.nodes()[(*nodes)[i]]->id();
  }
  ways.push_back(
      OneByOne("vector + upper_bound", [pairs](absl::string_view key) {
        const auto at = std::upper_bound(pairs->begin(), pairs->end(),
                                         std::pair(Xxh3(key), 0U));
        return at == pairs->end() ? pairs->front().second : at->second;
      }));
  const auto envoy = std::make_shared<EnvoyRing>(ring);
  ways.push_back(OneByOne("Envoy's loop", [envoy](absl::string_view key) {
    return envoy->Choose(XXH64(key.data(), key.size(), 0))->size();
  }));
  ways.push_back(OneByOne("std::map + MD5", [map](absl::string_view key) {
    const auto at = map->lower_bound(Md5(key));
    return (at == map->end() ? map->begin() : at)->second.size();
  }));
  return ways;
}

std::vector<Way> WaysOf(uint32_t nodes, uint32_t points) {
  const NodeList list = Nodes(nodes);
  const auto ring = RingOf(v1::LAYOUT_HASHED, points, 1, list);
  const auto three = RingOf(v1::LAYOUT_HASHED, points, 3, list);
  const auto table = RingOf(v1::LAYOUT_PARTITIONED, 0, 1, list);
  const double count = static_cast<double>(ring->slots());
  std::vector<Way> ways;
  ways.push_back(Limit("limit", ring->bytes() - ring->slots() * 12));
  ways.push_back(OneByOne("ring", [ring](absl::string_view key) {
    return ring->PrimaryOf(ring->Hash(key));
  }));
  ways.back().bytes_per_point = static_cast<double>(ring->bytes()) / count;
  ways.push_back({"ring, batches of 32",
                  [ring](const Keys& keys, size_t first, size_t number) {
                    std::array<KeyHash, 32> hashes;
                    std::array<uint32_t, 32> found;
                    uint64_t sum = 0;
                    for (size_t i = first; i < first + number; i += 32) {
                      for (size_t k = 0; k < 32; ++k) {
                        hashes[k] = ring->Hash(keys[i + k]);
                      }
                      ring->PrimariesOf(hashes, found);
                      for (const uint32_t node : found) sum += node;
                    }
                    return sum;
                  }});
  ways.push_back(OneByOne("ring, 3 owners", [three](absl::string_view key) {
    std::array<uint32_t, 3> owners;
    const size_t wanted = std::min<size_t>(3, three->nodes().size());
    three->OwnersOf(three->Hash(key), std::span(owners).first(wanted));
    return owners[wanted - 1];
  }));
  ways.push_back(OneByOne("partitioned", [table](absl::string_view key) {
    return table->PrimaryOf(table->Hash(key));
  }));
  ways.push_back(Limit("limit, 2^16 owners", (1 << 16) * sizeof(uint32_t)));
  for (Way& way : PeersOf(*ring)) ways.push_back(std::move(way));
  return ways;
}

void Run(uint32_t nodes, uint32_t points, int rounds) {
  const Keys keys;
  std::vector<Way> ways = WaysOf(nodes, points);
  constexpr size_t kLooks = 1 << 17;
  uint64_t sum = 0;
  for (int round = -1; round < rounds; ++round) {  // the first is not counted
    for (Way& way : ways) {
      const size_t first = static_cast<size_t>(round + 1) * kLooks;
      const auto start = std::chrono::steady_clock::now();
      sum += way.look(keys, first, kLooks);
      const std::chrono::duration<double, std::nano> took =
          std::chrono::steady_clock::now() - start;
      if (round >= 0) way.nanoseconds.push_back(took.count() / kLooks);
    }
  }
  for (Way& way : ways) {
    std::sort(way.nanoseconds.begin(), way.nanoseconds.end());
    std::printf(
        "{\"nodes\":%u,\"points\":%u,\"way\":\"%s\",\"ns\":%.3f,"
        "\"least\":%.3f,\"bytes_per_point\":%.2f}\n",
        nodes, points, way.name.c_str(),
        way.nanoseconds[way.nanoseconds.size() / 2], way.nanoseconds[0],
        way.bytes_per_point);
  }
  std::fprintf(stderr, "%s", sum == 42 ? " " : "");
}

}  // namespace
}  // namespace clockwise

int main(int argc, char** argv) {
  int rounds = 7;
  if (argc > 1 && !absl::SimpleAtoi(argv[1], &rounds)) return 2;
  for (int i = 2; i < argc; ++i) {
    const std::vector<std::string> size = absl::StrSplit(argv[i], 'x');
    uint32_t nodes = 0;
    uint32_t points = 0;
    if (size.size() != 2 || !absl::SimpleAtoi(size[0], &nodes) ||
        !absl::SimpleAtoi(size[1], &points)) {
      return 2;
    }
    clockwise::Run(nodes, points, rounds);
  }
  return 0;
}
