#include "service/ring/profile/points.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "service/ring/hash.h"
#include "service/ring/profile/small_hashes.h"

namespace clockwise::profile {
namespace {

// Returns host, NUL and port of an nginx `server` parameter, unresolved.
std::string NginxBase(absl::string_view server) {
  if (absl::StartsWithIgnoreCase(server, "unix:")) {
    return absl::StrCat(server.substr(5), absl::string_view("\0", 1));
  }
  const size_t colon = server.rfind(':');
  absl::string_view host = server;
  absl::string_view port;
  if (colon != absl::string_view::npos && colon + 1 < server.size() &&
      std::all_of(server.begin() + static_cast<ptrdiff_t>(colon) + 1,
                  server.end(), absl::ascii_isdigit)) {
    host = server.substr(0, colon);
    port = server.substr(colon + 1);
  }
  return absl::StrCat(host, absl::string_view("\0", 1), port);
}

// A member's part of the ring; 0 if it is left out.
struct EnvoyPart {
  uint32_t member;
  double part;
};

// Returns the parts by locality, in the order of first appearance.
std::vector<EnvoyPart> EnvoyParts(Members members) {
  struct Locality {
    double weight;
    double of_members = 0;
    std::vector<uint32_t> members = {};
  };
  std::vector<Locality> localities;
  absl::flat_hash_map<absl::string_view, size_t> numbers;
  for (uint32_t i = 0; i < members.size(); ++i) {
    const Member& member = members[i];
    const auto [at, is_new] =
        numbers.try_emplace(member.locality, localities.size());
    if (is_new) {
      localities.push_back({static_cast<double>(member.locality_weight)});
    }
    Locality& locality = localities[at->second];
    locality.of_members += static_cast<double>(member.weight);
    locality.members.push_back(i);
  }
  double total = 0;
  for (const Locality& locality : localities) total += locality.weight;
  std::vector<EnvoyPart> parts;
  for (const Locality& locality : localities) {
    for (const uint32_t member : locality.members) {
      const auto weight = static_cast<double>(members[member].weight);
      // Without localities, the factor is exactly 1.
      parts.push_back({member, total == 0 || weight == 0
                                   ? 0
                                   : weight * (locality.weight / total) /
                                         locality.of_members});
    }
  }
  return parts;
}

}  // namespace

void AppendLibmemcached(Members members, const Settings& settings,
                        Points& points) {
  for (uint32_t i = 0; i < members.size(); ++i) {
    for (uint32_t j = 0; j < settings.vnodes; ++j) {
      points.push_back(
          {settings.key_hash(absl::StrCat(members[i].text, "-", j)), i});
    }
  }
}

// The checksum of each point is an input of the next one.
void AppendNginx(Members members, const Settings& settings, Points& points) {
  for (uint32_t i = 0; i < members.size(); ++i) {
    const uint32_t base = Crc32(NginxBase(members[i].text));
    const uint64_t count = uint64_t{settings.vnodes} * members[i].weight;
    uint32_t before = 0;
    for (uint64_t j = 0; j < count; ++j) {
      const std::array<Bytef, 4> bytes = {
          static_cast<Bytef>(before), static_cast<Bytef>(before >> 8),
          static_cast<Bytef>(before >> 16), static_cast<Bytef>(before >> 24)};
      before = static_cast<uint32_t>(crc32_z(base, bytes.data(), bytes.size()));
      points.push_back({before, i});
    }
  }
}

// Fractions of points carry over to the next member, so the order matters.
void AppendEnvoy(Members members, const Settings& settings, Points& points) {
  const std::vector<EnvoyPart> parts = EnvoyParts(members);
  double least = 1;
  for (const EnvoyPart& member : parts) {
    if (member.part > 0) least = std::min(least, member.part);
  }
  const double scale = std::min(
      std::ceil(least * static_cast<double>(settings.min_size)) / least,
      static_cast<double>(settings.max_size));
  double target = 0;
  double count = 0;
  for (const auto& [member, part] : parts) {
    if (part <= 0) continue;
    target += scale * part;
    for (uint64_t j = 0; count < target; ++j, ++count) {
      points.push_back(
          {settings.point_hash(absl::StrCat(members[member].text, "_", j)),
           member});
    }
  }
}

// Only the low 20 bits of the ID count: IDs 1 and 1048577 share every point.
void AppendHaproxy(Members members, const Settings& settings, Points& points) {
  for (uint32_t i = 0; i < members.size(); ++i) {
    uint64_t id = 0;
    if (!absl::SimpleAtoi(members[i].text, &id)) continue;
    const uint64_t count = uint64_t{settings.vnodes} * members[i].weight;
    for (uint64_t j = 0; j < count; ++j) {
      points.push_back({Avalanche(static_cast<uint32_t>(id * 4096 + j)), i});
    }
  }
}

// HAProxy 3.0 hashes the ID before it adds the number of the point. Versions
// before 3.0 multiply the ID by 4096 instead.
void AppendHaproxy3(Members members, const Settings& settings, Points& points) {
  for (uint32_t i = 0; i < members.size(); ++i) {
    uint64_t id = 0;
    if (!absl::SimpleAtoi(members[i].text, &id)) continue;
    const uint32_t first = Avalanche(static_cast<uint32_t>(id));
    const uint32_t count = settings.vnodes * members[i].weight;
    for (uint32_t j = 0; j < count; ++j) {
      points.push_back({Avalanche(first + j), i});
    }
  }
}

void AppendGroupcache(Members members, const Settings& settings,
                      Points& points) {
  for (uint32_t i = 0; i < members.size(); ++i) {
    for (uint32_t j = 0; j < settings.vnodes; ++j) {
      points.push_back({Crc32(absl::StrCat(j, members[i].text)), i});
    }
  }
}

// Shifts the signed tokens so that the least is 0.
void AppendTokens(Members members, const Settings&, Points& points) {
  for (uint32_t i = 0; i < members.size(); ++i) {
    for (const int64_t token : members[i].tokens) {
      points.push_back({static_cast<uint64_t>(token) ^ uint64_t{1} << 63, i});
    }
  }
}

// Clockwise's own points. A greater weight only adds points.
void AppendHashed(Members members, const Settings& settings, Points& points) {
  for (uint32_t i = 0; i < members.size(); ++i) {
    const uint64_t seed = Xxh3(members[i].text);
    const uint64_t count = uint64_t{settings.vnodes} * members[i].weight;
    for (uint64_t j = 0; j < count; ++j) {
      points.push_back({SplitMix64(seed + (j + 1) * kGoldenGamma), i});
    }
  }
}

}  // namespace clockwise::profile
