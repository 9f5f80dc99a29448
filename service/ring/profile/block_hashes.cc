#include "service/ring/profile/block_hashes.h"

#include <openssl/evp.h>
#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstring>
#include <limits>

namespace clockwise::profile {
namespace {

std::array<unsigned char, 16> Md5(absl::string_view key) {
  std::array<unsigned char, 16> digest;
  [[maybe_unused]] const int ok = EVP_Digest(
      key.data(), key.size(), digest.data(), nullptr, EVP_md5(), nullptr);
  assert(ok == 1 && "MD5 accepts any bytes");
  return digest;
}

template <typename Word>
Word Load(absl::string_view key, size_t at) {
  Word word;
  std::memcpy(&word, key.data() + at, sizeof word);
  return word;
}

// Returns up to sizeof(Word) bytes from `at` on, little-endian.
template <typename Word>
Word Tail(absl::string_view key, size_t at) {
  Word word = 0;
  const size_t bytes = std::min(sizeof word, key.size() - at);
  if (bytes > 0) std::memcpy(&word, key.data() + at, bytes);
  return word;
}

uint32_t HashkitSeed(absl::string_view key) {
  return 0xdeadbeef * static_cast<uint32_t>(key.size());
}

uint64_t FinalMix64(uint64_t k) {
  k = (k ^ k >> 33) * 0xff51afd7ed558ccd;
  k = (k ^ k >> 33) * 0xc4ceb9fe1a85ec53;
  return k ^ k >> 33;
}

constexpr uint64_t kC1 = 0x87c37b91114253d5;
constexpr uint64_t kC2 = 0x4cf5ad432745937f;
uint64_t Mix1(uint64_t k) { return std::rotl(k * kC1, 31) * kC2; }
uint64_t Mix2(uint64_t k) { return std::rotl(k * kC2, 33) * kC1; }

// Returns up to eight bytes from `at` on. Like Cassandra, it sign-extends each
// byte to 64 bits, shifts it to its place, and combines them by XOR.
uint64_t SignedTail(absl::string_view key, size_t at) {
  uint64_t word = 0;
  for (size_t i = 0; i < 8 && at + i < key.size(); ++i) {
    word ^= static_cast<uint64_t>(
                static_cast<int64_t>(static_cast<int8_t>(key[at + i])))
            << (8 * i);
  }
  return word;
}

}  // namespace

std::array<uint32_t, 4> Md5Words(absl::string_view key) {
  return std::bit_cast<std::array<uint32_t, 4>>(Md5(key));
}

uint32_t Md5Word0(absl::string_view key) { return Md5Words(key)[0]; }

absl::uint128 Md5Number(absl::string_view key) {
  absl::uint128 number = 0;
  for (const unsigned char byte : Md5(key)) number = number << 8 | byte;
  return number;
}

uint64_t Md5TopBits(absl::string_view key) {
  return absl::Uint128High64(Md5Number(key));
}

uint32_t Murmur2(absl::string_view key) {
  constexpr uint32_t kM = 0x5bd1e995;
  uint32_t hash = HashkitSeed(key) ^ static_cast<uint32_t>(key.size());
  size_t at = 0;
  for (; at + 4 <= key.size(); at += 4) {
    uint32_t k = Load<uint32_t>(key, at) * kM;
    k = (k ^ k >> 24) * kM;
    hash = hash * kM ^ k;
  }
  if (at < key.size()) hash = (hash ^ Tail<uint32_t>(key, at)) * kM;
  hash = (hash ^ hash >> 13) * kM;
  return hash ^ hash >> 15;
}

uint32_t Murmur3(absl::string_view key) {
  const auto mix = [](uint32_t k) {
    return std::rotl(k * 0xcc9e2d51, 15) * 0x1b873593;
  };
  uint32_t hash = HashkitSeed(key);
  size_t at = 0;
  for (; at + 4 <= key.size(); at += 4) {
    hash = std::rotl(hash ^ mix(Load<uint32_t>(key, at)), 13) * 5 + 0xe6546b64;
  }
  hash ^= mix(Tail<uint32_t>(key, at));
  hash ^= static_cast<uint32_t>(key.size());
  hash = (hash ^ hash >> 16) * 0x85ebca6b;
  hash = (hash ^ hash >> 13) * 0xc2b2ae35;
  return hash ^ hash >> 16;
}

uint32_t JenkinsLookup3(absl::string_view key) {
  uint32_t a = 0xdeadbeef + static_cast<uint32_t>(key.size()) + 13;
  uint32_t b = a;
  uint32_t c = a;
  const auto step = [](uint32_t& x, uint32_t& y, uint32_t z, int bits) {
    x = (x - y) ^ std::rotl(y, bits);
    y += z;
  };
  size_t at = 0;
  for (; key.size() - at > 12; at += 12) {
    a += Load<uint32_t>(key, at);
    b += Load<uint32_t>(key, at + 4);
    c += Load<uint32_t>(key, at + 8);
    step(a, c, b, 4);
    step(b, a, c, 6);
    step(c, b, a, 8);
    step(a, c, b, 16);
    step(b, a, c, 19);
    step(c, b, a, 4);
  }
  if (at == key.size()) return c;  // the empty key
  a += Tail<uint32_t>(key, at);
  if (key.size() - at > 4) b += Tail<uint32_t>(key, at + 4);
  if (key.size() - at > 8) c += Tail<uint32_t>(key, at + 8);
  c = (c ^ b) - std::rotl(b, 14);
  a = (a ^ c) - std::rotl(c, 11);
  b = (b ^ a) - std::rotl(a, 25);
  c = (c ^ b) - std::rotl(b, 16);
  a = (a ^ c) - std::rotl(c, 4);
  b = (b ^ a) - std::rotl(a, 14);
  return (c ^ b) - std::rotl(b, 24);
}

uint64_t XxHash64(absl::string_view key) {
  return XXH64(key.data(), key.size(), 0);
}

uint64_t Murmur64A(absl::string_view key) {
  constexpr uint64_t kM = 0xc6a4a7935bd1e995;
  uint64_t hash = 0xc70f6907 ^ key.size() * kM;
  size_t at = 0;
  for (; at + 8 <= key.size(); at += 8) {
    uint64_t k = Load<uint64_t>(key, at) * kM;
    k = (k ^ k >> 47) * kM;
    hash = (hash ^ k) * kM;
  }
  if (at < key.size()) hash = (hash ^ Tail<uint64_t>(key, at)) * kM;
  hash = (hash ^ hash >> 47) * kM;
  return hash ^ hash >> 47;
}

int64_t CassandraToken(absl::string_view key) {
  constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  if (key.empty()) return kLeast;
  uint64_t h1 = 0;
  uint64_t h2 = 0;
  size_t at = 0;
  for (; at + 16 <= key.size(); at += 16) {
    h1 ^= Mix1(Load<uint64_t>(key, at));
    h1 = (std::rotl(h1, 27) + h2) * 5 + 0x52dce729;
    h2 ^= Mix2(Load<uint64_t>(key, at + 8));
    h2 = (std::rotl(h2, 31) + h1) * 5 + 0x38495ab5;
  }
  h1 ^= Mix1(SignedTail(key, at));
  h2 ^= Mix2(SignedTail(key, at + 8));
  h1 ^= key.size();
  h2 ^= key.size();
  h1 += h2;
  h2 += h1;
  h1 = FinalMix64(h1) + FinalMix64(h2);
  const auto token = static_cast<int64_t>(h1);
  return token == kLeast ? std::numeric_limits<int64_t>::max() : token;
}

}  // namespace clockwise::profile
