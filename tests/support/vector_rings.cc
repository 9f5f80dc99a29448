#include "tests/support/vector_rings.h"

#include <algorithm>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "service/ring/layout_settings.h"

namespace clockwise {
namespace {

using profile::Fields;
using profile::Get;
using profile::VectorCase;

uint32_t Number(const Fields& fields, const char* name, const char* otherwise) {
  return static_cast<uint32_t>(std::stoul(Get(fields, name, otherwise)));
}

// Returns host:port, or only the host if the port is the usual one.
std::string HostPort(const Fields& member, const std::string& usual) {
  const std::string host = member.at("host");
  const std::string port = Get(member, "port", usual);
  return port == usual ? host : absl::StrCat(host, ":", port);
}

std::string HashKeyOf(const Fields& member, const std::string& file,
                      const Fields& params) {
  if (file == "libmemcached" && Get(params, "mode", "") == "spy") {
    return absl::StrCat("/", member.at("host"), ":", member.at("port"));
  }
  for (const char* field : {"name", "server", "key", "id"}) {
    if (member.contains(field)) return profile::Unescaped(member.at(field));
  }
  if (!member.contains("host")) return "";
  return HostPort(member, file == "node-hashring"
                              ? Get(params, "default_port", "")
                              : "11211");
}

const std::map<std::string, std::string>& LayoutsOfFiles() {
  static const auto& layouts = *new std::map<std::string, std::string>{
      {"libmemcached", ""},  // set by its mode, as for twemproxy and gRPC
      {"libketama", "libketama"},
      {"twemproxy", ""},
      {"nginx-consistent", "nginx"},
      {"nginx-hash-modulo", "nginx_modulo"},
      {"envoy-ring-hash", "envoy_ring_hash"},
      {"envoy-maglev", "envoy_maglev"},
      {"grpc-ring-hash", ""},
      {"haproxy-consistent", "haproxy"},
      {"haproxy-3-consistent", "haproxy_3"},
      {"haproxy-map-based", "haproxy_map"},
      {"uhashring-ketama", "uhashring_ketama"},
      {"uhashring-meta", "uhashring"},
      {"node-hashring", "npm_hashring"},
      {"groupcache", "groupcache"},
      {"python-memcached-modulo", "python_memcached"},
      {"crc32-modulo", "crc32_modulo"},
      {"md5-modulo", "md5_modulo"},
  };
  return layouts;
}

std::string LayoutName(const VectorCase& vector, const std::string& file) {
  if (file == "cassandra") return file;
  if (file == "twemproxy") {
    return absl::StrCat("twemproxy_", vector.params.at("distribution"));
  }
  if (file == "grpc-ring-hash") {
    return vector.params.contains("order") ? "grpc_go_ring_hash"
                                           : "grpc_ring_hash";
  }
  if (file != "libmemcached") return LayoutsOfFiles().at(file);
  const std::string& mode = vector.params.at("mode");
  if (mode == "modula") return "libmemcached_modula";
  // If any member has a weight above 1, libmemcached uses weights for all.
  const bool weighted = std::any_of(
      vector.members.begin(), vector.members.end(),
      [](const Fields& member) { return Number(member, "weight", "1") > 1; });
  return mode == "ketama_weighted" || weighted ? "ketama_weighted" : "ketama";
}

void FillSettings(const std::string& layout, const Fields& params,
                  v1::RingSpec& spec) {
  v1::LayoutSettings& settings = *spec.mutable_settings();
  for (const char* name : {"key_hash", "function"}) {
    if (!params.contains(name)) continue;
    if (params.at(name) == "murmur_hash_2") {
      settings.set_point_hash(params.at(name));
    } else if (layout.starts_with("envoy") || layout.starts_with("grpc")) {
      EXPECT_EQ(params.at(name), "xx_hash");
    } else {
      settings.set_key_hash(params.at(name));
    }
  }
  if (params.contains("avalanche")) {
    settings.set_avalanche(params.at("avalanche") == "1");
  }
  settings.set_hash_tag(Get(params, "hash_tag", ""));
  settings.set_min_ring_size(Number(params, "min_size", "0"));
  settings.set_max_ring_size(Number(params, "max_size", "0"));
  settings.set_table_size(Number(params, "table_size", "0"));
  spec.set_virtual_node_count(Number(params, "vnodes", "0"));
  const uint32_t replicas = Number(params, "replicas", "0");
  if (layout == "groupcache") {
    spec.set_virtual_node_count(replicas);
  } else {
    settings.set_points_per_hash(replicas);
  }
}

v1::Node NodeOf(const Fields& member, const std::string& file, size_t index,
                const Fields& params) {
  v1::Node node = NewNode(absl::StrCat(index), Number(member, "weight", "1"),
                          "", HashKeyOf(member, file, params));
  node.set_ordinal(index + 1);
  node.set_virtual_node_count(Number(member, "vnodes", "0"));
  if (file == "cassandra") {
    node.set_zone(absl::StrCat(member.at("dc"), "/", member.at("rack")));
    for (const auto token : absl::StrSplit(member.at("tokens"), ',')) {
      int64_t number = 0;
      EXPECT_TRUE(absl::SimpleAtoi(token, &number)) << token;
      node.add_points(static_cast<uint64_t>(number));
    }
  }
  if (member.contains("locality")) node.set_zone(member.at("locality"));
  return node;
}

}  // namespace

std::optional<VectorRing> RingOf(const VectorCase& vector,
                                 const std::string& file) {
  if (Get(vector.params, "partitioner", "murmur3") != "murmur3") {
    return std::nullopt;
  }
  const std::string layout = LayoutName(vector, file);
  v1::RingSpec spec;
  const auto parsed = ParseLayout(layout);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  spec.set_layout(*parsed);
  if (file == "cassandra") {
    spec.set_replica_count(Number(vector.params, "simple_rf", "1"));
  } else {
    FillSettings(layout, vector.params, spec);
  }
  VectorRing ring;
  for (size_t i = 0; i < vector.members.size(); ++i) {
    const Fields& member = vector.members[i];
    ring.nodes.push_back(NodeOf(member, file, i, vector.params));
    if (!member.contains("locality")) continue;
    (*spec.mutable_settings()
          ->mutable_locality_weights())[member.at("locality")] =
        Number(member, "locality_weight", "1");
  }
  const auto normal = NormalizeSpec(spec);
  EXPECT_TRUE(normal.ok()) << vector.id << ": " << normal.status();
  ring.spec = normal.value_or(spec);
  return ring;
}

VectorRing WithTopology(VectorRing ring, const VectorCase& vector) {
  // For example "dc1:2,dc2:3".
  for (const auto part : absl::StrSplit(vector.params.at("nts_rf"), ',')) {
    const std::pair<std::string, std::string> dc = absl::StrSplit(part, ':');
    EXPECT_TRUE(absl::SimpleAtoi(
        dc.second, &(*ring.spec.mutable_settings()
                          ->mutable_data_centre_replicas())[dc.first]));
  }
  ring.spec.set_replica_count(0);
  const auto normal = NormalizeSpec(ring.spec);
  EXPECT_TRUE(normal.ok()) << normal.status();
  ring.spec = normal.value_or(ring.spec);
  return ring;
}

std::vector<std::string> OwnerFiles() {
  std::vector<std::string> files;
  for (const auto& [file, layout] : LayoutsOfFiles()) files.push_back(file);
  return files;
}

}  // namespace clockwise
