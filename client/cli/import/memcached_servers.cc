// Reads a list of servers in the form for clients of libmemcached.
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/import/host.h"
#include "client/cli/import/imported.h"
#include "service/api/refusal.h"
#include "service/limits.h"

namespace clockwise::cli {
namespace {

struct MemcachedServer {
  std::string host;
  std::string port;
  uint32_t weight = 1;
};

absl::StatusOr<MemcachedServer> ParseServer(absl::string_view text) {
  const SourceLine place{"servers", 0};
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  if (parts.size() > 3 || parts[0].empty() ||
      text.find_first_of(" \t/[]") != absl::string_view::npos) {
    return ImportFault(
        place, absl::StrCat(Quoted(text), " is not HOST[:PORT[:WEIGHT]]"));
  }
  MemcachedServer server;
  server.host = parts[0];
  if (auto status = CheckHost(place, server.host); !status.ok()) return status;
  server.port = parts.size() > 1 ? parts[1] : kMemcachedPort;
  auto port = ImportNumber(place, "port", server.port, 1, 65535);
  if (!port.ok()) return port.status();
  server.port = absl::StrCat(*port);
  if (parts.size() > 2) {
    auto weight =
        ImportNumber(place, "weight", parts[2], 1, limits::kMaxWeight);
    if (!weight.ok()) return weight.status();
    server.weight = *weight;
  }
  return server;
}

}  // namespace

absl::StatusOr<Imported> ReadMemcached(const std::string& servers,
                                       const std::string& distribution) {
  Imported imported;
  imported.key = "the key";
  bool weighted = false;
  std::map<std::string, absl::string_view> texts;  // by address
  for (const absl::string_view text : absl::StrSplit(servers, ',')) {
    auto server = ParseServer(text);
    if (!server.ok()) return server.status();
    const std::string address = absl::StrCat(server->host, ":", server->port);
    const auto [at, fresh] = texts.try_emplace(address, text);
    // MODULA uses the order only, so a repeated server has more keys.
    if (!fresh && distribution != "modula") {
      return ImportFault({"servers", 0},
                         absl::StrCat(Quoted(text), " repeats ",
                                      Quoted(at->second), "; remove one"));
    }
    auto count = CheckServerCount({"servers", 0}, imported.nodes.size());
    if (!count.ok()) return count;
    AddImportedNode(imported, {"servers", 0},
                    distribution == "spy"
                        ? absl::StrCat("/", address)
                        : MemcachedText(server->host, server->port),
                    address, server->weight);
    weighted = weighted || server->weight > 1;
  }
  if (distribution == "modula") {
    imported.spec.set_layout(v1::LAYOUT_LIBMEMCACHED_MODULA);
    for (v1::Node& node : imported.nodes) node.clear_hash_key();
    if (weighted) {
      imported.notes.emplace_back("modula ignores the weights");
      for (v1::Node& node : imported.nodes) node.set_weight(1);
    }
  } else if (distribution == "ketama_weighted") {
    imported.spec.set_layout(v1::LAYOUT_KETAMA_WEIGHTED);
  } else if (weighted) {
    // Like libmemcached: the distribution becomes weighted, and the hash of
    // keys stays.
    imported.spec.set_layout(v1::LAYOUT_KETAMA_WEIGHTED);
    imported.spec.mutable_settings()->set_key_hash("default");
    imported.notes.emplace_back(
        "a weight is above 1, so libmemcached uses the weights of all servers");
  } else {
    imported.spec.set_layout(v1::LAYOUT_KETAMA);
  }
  return imported;
}

}  // namespace clockwise::cli
