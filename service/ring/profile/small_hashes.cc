#include "service/ring/profile/small_hashes.h"

#include <zlib.h>

#include <array>
#include <bit>
#include <cstddef>

namespace clockwise::profile {
namespace {

// Converts like the char of x86-64: 0xFF becomes 0xFFFFFFFF.
uint32_t SignExtended(char c) {
  return static_cast<uint32_t>(static_cast<int32_t>(static_cast<int8_t>(c)));
}

uint32_t Unsigned(char c) { return static_cast<uint8_t>(c); }

constexpr std::array<uint16_t, 256> MakeCcittTable() {
  std::array<uint16_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i << 8;
    for (int bit = 0; bit < 8; ++bit) {
      crc = crc << 1 ^ ((crc & 0x8000) != 0 ? 0x1021 : 0);
    }
    table[i] = static_cast<uint16_t>(crc);
  }
  return table;
}
constexpr std::array<uint16_t, 256> kCcitt = MakeCcittTable();

}  // namespace

uint32_t OneAtATime(absl::string_view key) {
  uint32_t value = 0;
  for (const char c : key) {
    value += SignExtended(c);
    value += value << 10;
    value ^= value >> 6;
  }
  value += value << 3;
  value ^= value >> 11;
  return value + (value << 15);
}

uint32_t Fnv1_32(absl::string_view key) {
  uint32_t hash = 2166136261;
  for (const char c : key) hash = hash * 16777619 ^ SignExtended(c);
  return hash;
}

uint32_t Fnv1a_32(absl::string_view key) {
  uint32_t hash = 2166136261;
  for (const char c : key) hash = (hash ^ SignExtended(c)) * 16777619;
  return hash;
}

uint32_t Fnv1_64(absl::string_view key) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : key) {
    hash *= 0x100000001b3;
    hash ^= static_cast<uint64_t>(static_cast<int64_t>(static_cast<int8_t>(c)));
  }
  return static_cast<uint32_t>(hash);
}

uint32_t Fnv1a_64(absl::string_view key) {
  uint32_t hash = 0x84222325;
  for (const char c : key) hash = (hash ^ SignExtended(c)) * 0x1b3;
  return hash;
}

uint32_t Hsieh(absl::string_view key) {
  if (key.empty()) return 0;
  uint32_t hash = 0;
  const auto half = [&](size_t at) {
    return Unsigned(key[at]) | Unsigned(key[at + 1]) << 8;
  };
  size_t at = 0;
  for (; at + 4 <= key.size(); at += 4) {
    hash += half(at);
    const uint32_t mixed = half(at + 2) << 11 ^ hash;
    hash = hash << 16 ^ mixed;
    hash += hash >> 11;
  }
  switch (key.size() - at) {
    case 3:
      hash += half(at);
      hash ^= hash << 16;
      hash ^= SignExtended(key[at + 2]) << 18;
      hash += hash >> 11;
      break;
    case 2:
      hash += half(at);
      hash ^= hash << 11;
      hash += hash >> 17;
      break;
    case 1:
      hash += Unsigned(key[at]);
      hash ^= hash << 10;
      hash += hash >> 1;
      break;
    default:
      break;
  }
  hash ^= hash << 3;
  hash += hash >> 5;
  hash ^= hash << 4;
  hash += hash >> 17;
  hash ^= hash << 25;
  return hash + (hash >> 6);
}

uint32_t Crc32(absl::string_view key) {
  // zlib reads a null pointer as a request for the initial checksum, not as
  // empty input.
  if (key.empty()) return 0;
  return static_cast<uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(key.data()), key.size()));
}

uint32_t Crc32_15(absl::string_view key) { return Crc32(key) >> 16 & 0x7fff; }

uint32_t Crc16Twemproxy(absl::string_view key) {
  uint32_t crc = 0;
  for (const char c : key) {
    crc = crc << 8 ^ kCcitt[(crc >> 8 ^ Unsigned(c)) & 0xff];
  }
  return crc;
}

uint32_t Crc16Xmodem(absl::string_view key) {
  return Crc16Twemproxy(key) & 0xffff;
}

uint32_t Sdbm(absl::string_view key) {
  uint32_t hash = 0;
  for (const char c : key) {
    hash = Unsigned(c) + (hash << 6) + (hash << 16) - hash;
  }
  return hash;
}

uint32_t Djb2(absl::string_view key) {
  uint32_t hash = 5381;
  for (const char c : key) hash = hash * 33 + Unsigned(c);
  return hash;
}

uint32_t Wt6(absl::string_view key) {
  uint32_t h0 = 0xa53c965a;
  uint32_t h1 = 0x5ca6953a;
  int step0 = 6;
  int step1 = 18;
  for (const char c : key) {
    h0 = ~(h0 ^ Unsigned(c));
    h1 = ~(h1 + Unsigned(c));
    const uint32_t turned = std::rotl(h1, step0);
    h1 = std::rotl(h0, step1);
    h0 = turned;
    const uint32_t steps = ((h0 >> 16) ^ h1) & 0xffff;
    step0 = static_cast<int>(steps & 0x1f);
    step1 = static_cast<int>(steps >> 11);
  }
  return h0 ^ h1;
}

uint32_t Avalanche(uint32_t a) {
  a = (a + 0x7ed55d16) + (a << 12);
  a = (a ^ 0xc761c23c) ^ (a >> 19);
  a = (a + 0x165667b1) + (a << 5);
  a = (a + 0xd3a2646c) ^ (a << 9);
  a = (a + 0xfd7046c5) + (a << 3);
  a = (a ^ 0xb55a4f09) ^ (a >> 16);
  return a * 3221225473;
}

}  // namespace clockwise::profile
