#include "tests/ring/profile/vector_members.h"

#include <algorithm>
#include <type_traits>

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "service/ring/profile/block_hashes.h"

namespace clockwise::profile {
namespace {

// host:port, and the host alone where the port is the usual one.
std::string HostPort(const Fields& member, const std::string& usual) {
  const std::string host = member.at("host");
  const std::string port = Get(member, "port", usual);
  return port == usual ? host : host + ":" + port;
}

std::string TextOf(const Fields& member, const std::string& file,
                   const Fields& params) {
  const std::string mode = Get(params, "mode", "");
  if (file == "libmemcached" && mode == "spy") {
    return "/" + member.at("host") + ":" + member.at("port");
  }
  for (const char* field : {"name", "server", "key", "id"}) {
    if (member.contains(field)) return Unescaped(member.at(field));
  }
  if (file == "node-hashring") {
    return HostPort(member, Get(params, "default_port", ""));
  }
  return HostPort(member, "11211");
}

}  // namespace

std::vector<Member> MembersOf(const VectorCase& vector,
                              const std::string& file) {
  std::vector<Member> members;
  for (const Fields& fields : vector.members) {
    Member member;
    member.text = TextOf(fields, file, vector.params);
    member.weight =
        static_cast<uint32_t>(std::stoul(Get(fields, "weight", "1")));
    member.own_vnodes =
        static_cast<uint32_t>(std::stoul(Get(fields, "vnodes", "0")));
    member.locality = Get(fields, "locality", "");
    member.locality_weight =
        static_cast<uint32_t>(std::stoul(Get(fields, "locality_weight", "1")));
    if (fields.contains("tokens")) {
      for (const auto token : absl::StrSplit(fields.at("tokens"), ',')) {
        member.tokens.push_back(std::stoll(std::string(token)));
      }
    }
    members.push_back(member);
  }
  return members;
}

Settings SettingsOf(const std::string& profile, Settings settings,
                    const Fields& params) {
  for (const char* name : {"key_hash", "function"}) {
    if (!params.contains(name)) continue;
    std::string hash = params.at(name);
    if (hash == "murmur_hash_2") {
      settings.point_hash = Murmur64A;
      continue;
    }
    if (profile.starts_with("haproxy") && hash == "crc32") {
      hash = "crc32_zlib";
    }
    settings.key_hash = FindKeyHash(hash);
    EXPECT_NE(settings.key_hash, nullptr) << hash;
  }
  const auto number = [&](const char* name, auto& field) {
    if (params.contains(name)) {
      field = static_cast<std::remove_reference_t<decltype(field)>>(
          std::stoull(params.at(name)));
    }
  };
  const uint64_t cap = settings.max_size;
  number("min_size", settings.min_size);
  number("max_size", settings.max_size);
  settings.max_size = std::min(settings.max_size, cap);
  number("vnodes", settings.vnodes);
  number("table_size", settings.table_size);
  if (profile == "groupcache") {
    number("replicas", settings.vnodes);
  } else {
    number("replicas", settings.words);
  }
  settings.avalanche = Get(params, "avalanche", "0") == "1";
  settings.hash_tag = Get(params, "hash_tag", "");
  return settings;
}

}  // namespace clockwise::profile
