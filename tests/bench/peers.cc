#include "tests/bench/peers.h"

#include <dlfcn.h>
#include <openssl/evp.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/ring/hash.h"
#include "tests/bench/envoy_ring.h"
#include "tests/ring/first_end.h"

namespace clockwise {
namespace {

// With more slots, building the map would take longer than everything else.
constexpr size_t kMostInMap = 2'000'000;

uint64_t Md5(absl::string_view key) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  EVP_Digest(key.data(), key.size(), digest, nullptr, EVP_md5(), nullptr);
  uint64_t first;
  memcpy(&first, digest, sizeof(first));
  return first;
}

Way LowerBoundWay(const Ring& ring) {
  const auto ends = std::make_shared<std::vector<uint64_t>>(
      ring.positions().begin(), ring.positions().end());
  const auto nodes = std::make_shared<std::vector<uint32_t>>(
      ring.slot_nodes().begin(), ring.slot_nodes().end());
  return OneByOne("std::lower_bound", [ends, nodes](absl::string_view key) {
    return (*nodes)[FirstEnd(*ends, Xxh3(key))];
  });
}

Way PairsWay(const Ring& ring) {
  auto pairs = std::make_shared<std::vector<std::pair<uint64_t, uint32_t>>>();
  for (size_t i = 0; i < ring.slots(); ++i) {
    pairs->emplace_back(ring.positions()[i], ring.slot_nodes()[i]);
  }
  return OneByOne("vector + upper_bound", [pairs](absl::string_view key) {
    const auto at = std::upper_bound(pairs->begin(), pairs->end(),
                                     std::pair(Xxh3(key), 0U));
    return at == pairs->end() ? pairs->front().second : at->second;
  });
}

Way MapWay(const Ring& ring) {
  auto map = std::make_shared<std::map<uint64_t, std::string>>();
  for (size_t i = 0; i < ring.slots(); ++i) {
    (*map)[ring.positions()[i]] = ring.nodes()[ring.slot_nodes()[i]]->id();
  }
  return OneByOne("std::map + MD5", [map](absl::string_view key) {
    const auto at = map->lower_bound(Md5(key));
    return (at == map->end() ? map->begin() : at)->second.size();
  });
}

Way EnvoyWay(const Ring& ring, uint32_t points) {
  std::vector<EnvoyRing::Host> hosts;
  for (const NodePtr& node : ring.nodes()) {
    hosts.push_back(std::make_shared<std::string>(node->id()));
  }
  const auto envoy = std::make_shared<EnvoyRing>(hosts, points);
  return OneByOne("Envoy's loop", [envoy](absl::string_view key) {
    return envoy->Choose(XXH64(key.data(), key.size(), 0))->size();
  });
}

// Calls libmemcached by its C functions, so that the build does not need its
// headers. It ends the program if there are more than 100 servers.
class Libmemcached {
 public:
  static constexpr size_t kMostServers = 100;

  static std::shared_ptr<Libmemcached> Load(const NodeList& nodes) {
    void* library = dlopen("libmemcached.so.11", RTLD_NOW);
    if (library == nullptr || nodes.size() > kMostServers) return nullptr;
    return std::shared_ptr<Libmemcached>(new Libmemcached(library, nodes));
  }
  Libmemcached(const Libmemcached&) = delete;
  Libmemcached& operator=(const Libmemcached&) = delete;
  ~Libmemcached() { free_(client_); }

  uint32_t Find(absl::string_view key) const {
    return find_(client_, key.data(), key.size());
  }

 private:
  // A value of memcached_behavior_t.
  static constexpr int kKetamaWeighted = 16;

  template <typename Function>
  static void Get(void* library, const char* name, Function*& function) {
    function = reinterpret_cast<Function*>(dlsym(library, name));
  }

  Libmemcached(void* library, const NodeList& nodes) {
    void* (*create)(void*) = nullptr;
    int (*set)(void*, int, uint64_t) = nullptr;
    int (*add)(void*, const char*, uint16_t, uint32_t) = nullptr;
    Get(library, "memcached_create", create);
    Get(library, "memcached_behavior_set", set);
    Get(library, "memcached_server_add_with_weight", add);
    Get(library, "memcached_generate_hash", find_);
    Get(library, "memcached_free", free_);
    client_ = create(nullptr);
    set(client_, kKetamaWeighted, 1);
    for (const NodePtr& node : nodes) {
      add(client_, node->id().c_str(), 11211, 1);
    }
  }

  void* client_ = nullptr;
  uint32_t (*find_)(void*, const char*, size_t) = nullptr;
  void (*free_)(void*) = nullptr;
};

}  // namespace

std::vector<Way> PeersOf(const Ring& ring, uint32_t points) {
  std::vector<Way> ways = {LowerBoundWay(ring), PairsWay(ring),
                           EnvoyWay(ring, points)};
  if (ring.slots() <= kMostInMap) ways.push_back(MapWay(ring));
  if (const auto peer = Libmemcached::Load(ring.nodes()); peer != nullptr) {
    ways.push_back(
        OneByOne("libmemcached's ketama",
                 [peer](absl::string_view key) { return peer->Find(key); }));
  }
  return ways;
}

}  // namespace clockwise
