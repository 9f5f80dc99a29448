// Literal vectors of every hash that placement uses. The XXH3 values of "", "a"
// and "abc" are published by xxHash. tests/vectors/hashed_points.py printed the
// others and the points.
#include "service/ring/layout.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/ring/hash.h"
#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

using ::testing::ElementsAre;

// Returns `size` bytes; byte i is i × 7 mod 251.
std::string Pattern(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 7 % 251);
  return bytes;
}

TEST(LayoutTest, Xxh3HasThePublishedValues) {
  EXPECT_EQ(Xxh3(""), 0x2D06800538D394C2u);
  EXPECT_EQ(Xxh3("a"), 0xE6C632B61E964E1Fu);
  EXPECT_EQ(Xxh3("abc"), 0x78AF5F94892F3950u);
  EXPECT_EQ(Xxh3("clockwise"), 0xFA17E49BA8C38555u);
  EXPECT_EQ(Xxh3("message digest"), 0x160D8E9329BE94F9u);
}

// XXH3 changes its algorithm at 3, 8, 16, 128, 240 and 1024 bytes.
TEST(LayoutTest, Xxh3HasThePublishedValuesAtEveryLengthClass) {
  const std::vector<std::pair<size_t, uint64_t>> vectors = {
      {3, 0xC3489259E968AD9E},    {4, 0xD3D60C1519014E89},
      {8, 0xB88DEE77F6BF6980},    {9, 0x03688DCAD730D826},
      {16, 0x9DA23836ADF2BE1E},   {17, 0xF34C3C9CF5A112D1},
      {128, 0x4C659B745F435148},  {129, 0xB85222B83902B6E5},
      {240, 0xD6DFBF67B0675B54},  {241, 0xC614C8C3575348C1},
      {1024, 0xF22EF3DC84FF47EA}, {1025, 0x43F869A83769A435},
      {65536, 0xDB485BF0653067E1}};
  for (const auto& [size, value] : vectors) {
    EXPECT_EQ(Xxh3(Pattern(size)), value) << size << " bytes";
  }
}

// Printed by the reference program splitmix64.c with the seed 1234567.
TEST(LayoutTest, SplitMix64HasThePublishedSequence) {
  const std::vector<uint64_t> sequence = {
      6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
      4593380528125082431u, 16408922859458223821u};
  for (uint64_t i = 0; i < sequence.size(); ++i) {
    EXPECT_EQ(SplitMix64(1234567 + (i + 1) * kGoldenGamma), sequence[i]);
  }
}

KeyHash HashedBy(const v1::RingSpec& spec, absl::string_view key) {
  return KeyHasher(spec)(key);
}

// The vectors of RFC 1321, appendix A.5.
TEST(LayoutTest, ModuloHashesKeysWithMd5) {
  struct Vector {
    const char* key;
    uint64_t high, low;
  };
  const std::vector<Vector> vectors = {
      {"", 0xD41D8CD98F00B204, 0xE9800998ECF8427E},
      {"a", 0x0CC175B9C0F1B6A8, 0x31C399E269772661},
      {"abc", 0x900150983CD24FB0, 0xD6963F7D28E17F72},
      {"message digest", 0xF96B697D7CB7938D, 0x525A2F31AAF161D0},
      {"abcdefghijklmnopqrstuvwxyz", 0xC3FCD3D76192E400, 0x7DFB496CCA67E13B},
      {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
       0xD174AB98D277D9F5, 0xA5611C2C9F419D9F},
      {"1234567890123456789012345678901234567890123456789012345678901234567890"
       "1234567890",
       0x57EDF4A22BE3C955, 0xAC49DA2E2107B67A}};
  for (const Vector& vector : vectors) {
    const KeyHash hash = HashedBy(ModuloSpec(), vector.key);
    EXPECT_EQ(hash.position, vector.high) << vector.key;
    EXPECT_EQ(hash.low, vector.low) << vector.key;
  }
}

TEST(LayoutTest, HashedHashesKeysWithXxh3) {
  for (const char* key : {"", "a", "abc", "clockwise"}) {
    const KeyHash hash = HashedBy(HashedSpec(160), key);
    EXPECT_EQ(hash.position, Xxh3(key));
    EXPECT_EQ(hash.low, 0u);
  }
}

TEST(LayoutTest, AKeyIsBytesAndMayHoldNulAndNoText) {
  const std::string with_nul("abc\0def", 7);
  EXPECT_NE(HashedBy(HashedSpec(160), with_nul).position, Xxh3("abc"));
  EXPECT_NE(HashedBy(ModuloSpec(), with_nul).position,
            HashedBy(ModuloSpec(), "abc").position);
  EXPECT_NE(Xxh3("\xff\xfe"), Xxh3("\xff\xff"));
}

// Returns the points in the order of generation.
std::vector<uint64_t> PointsOf(const v1::Node& node, uint32_t virtual_nodes) {
  const profile::Profile& rule = *FindLayout(v1::LAYOUT_HASHED)->ring_profile;
  profile::Settings settings = rule.defaults;
  settings.vnodes = virtual_nodes;
  profile::Member member;
  member.text = node.hash_key();
  member.weight = node.weight();
  std::vector<profile::Point> points;
  rule.append_points(std::span(&member, 1), settings, points);
  std::vector<uint64_t> positions;
  for (const profile::Point& point : points) {
    positions.push_back(point.position);
  }
  return positions;
}

// Printed by tests/vectors/hashed_points.py.
TEST(LayoutTest, HashedPointsAreTheLiteralOnes) {
  EXPECT_THAT(
      PointsOf(NewNode("a"), 5),
      ElementsAre(0xDBAC1E875F4D0340, 0x9E8D7FA925E84EFA, 0x03695E41041D3DA5,
                  0x6560A91D4600545D, 0x92A2007B4AB5363C));
  EXPECT_THAT(
      PointsOf(NewNode("cache-1"), 5),
      ElementsAre(0x5FD1F16F568D6BFB, 0x9E9CA4E2CF2207E8, 0xAC8CABD5269122D1,
                  0xEBA64308009568AA, 0x424033754F7917F1));
  EXPECT_THAT(
      PointsOf(NewNode("node-1.example:7400"), 5),
      ElementsAre(0xFC15475DFDA4EAEC, 0xE4379ECC90DB4FF9, 0x8141C17350BDDB81,
                  0x6A10A9BCB8593FD3, 0xA8D8975A5E57544C));
}

TEST(LayoutTest, HashedPointsComeFromTheHashKeyAndNotFromTheId) {
  EXPECT_EQ(PointsOf(NewNode("other", 1, "", "cache-1"), 5),
            PointsOf(NewNode("cache-1"), 5));
}

TEST(LayoutTest, AGreaterWeightOnlyAddsPoints) {
  const std::vector<uint64_t> light = PointsOf(NewNode("a", 2), 160);
  const std::vector<uint64_t> heavy = PointsOf(NewNode("a", 3), 160);
  ASSERT_EQ(light.size(), 320u);
  ASSERT_EQ(heavy.size(), 480u);
  EXPECT_EQ(std::vector<uint64_t>(heavy.begin(), heavy.begin() + 320), light);
}

TEST(LayoutTest, TheRulesSayHowASlotIsFound) {
  EXPECT_EQ(FindLayout(v1::LAYOUT_HASHED)->slot_rule, SlotRule::kFirstEnd);
  EXPECT_EQ(FindLayout(v1::LAYOUT_MODULO)->slot_rule, SlotRule::kModulo);
  EXPECT_EQ(FindLayout(v1::LAYOUT_PARTITIONED)->slot_rule, SlotRule::kTopBits);
  EXPECT_EQ(FindLayout(v1::LAYOUT_UNSPECIFIED), nullptr);
  EXPECT_EQ(FindLayout(static_cast<v1::Layout>(999)), nullptr);
}

TEST(LayoutTest, LayoutsAreSpeltInAnyCase) {
  EXPECT_EQ(ParseLayout("hashed").value(), v1::LAYOUT_HASHED);
  EXPECT_EQ(ParseLayout("MODULO").value(), v1::LAYOUT_MODULO);
  EXPECT_EQ(ParseLayout("Hashed").value(), v1::LAYOUT_HASHED);
  for (const char* name : {"", "hash", "hashedd", "ketamaa", "LAYOUT_HASHE"}) {
    EXPECT_FALSE(ParseLayout(name).ok()) << name;
  }
  const std::string message(ParseLayout("circle").status().message());
  EXPECT_THAT(message, ::testing::HasSubstr("circle"));
  EXPECT_THAT(message, ::testing::HasSubstr("hashed"));
  EXPECT_THAT(message, ::testing::HasSubstr("modulo"));
}

}  // namespace
}  // namespace clockwise
