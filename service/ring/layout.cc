#include "service/ring/layout.h"

#include <xxhash.h>

#include <cassert>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/ring/profile/block_hashes.h"
#include "service/ring/refusal.h"

namespace clockwise {
namespace {

KeyHash Xxh3Key(absl::string_view key) { return {Xxh3(key), 0}; }

// MD5 as a 128-bit big-endian number.
KeyHash Md5Key(absl::string_view key) {
  const absl::uint128 number = profile::Md5Number(key);
  return {absl::Uint128High64(number), absl::Uint128Low64(number)};
}

void AppendHashedPoints(const v1::RingSpec& spec, const v1::Node& node,
                        std::vector<uint64_t>& positions) {
  const uint64_t seed = Xxh3(node.hash_key());
  const uint64_t count = uint64_t{spec.virtual_nodes()} * node.weight();
  for (uint64_t i = 0; i < count; ++i) {
    positions.push_back(SplitMix64(seed + (i + 1) * kGoldenGamma));
  }
}

constexpr LayoutRule kLayouts[] = {
    {v1::LAYOUT_HASHED, "hashed", SlotRule::kFirstPointClockwise, Xxh3Key,
     AppendHashedPoints},
    {v1::LAYOUT_PARTITIONED, "partitioned", SlotRule::kTopBits, Xxh3Key,
     nullptr},
    {v1::LAYOUT_MODULO, "modulo", SlotRule::kModuloNodes, Md5Key, nullptr},
};

}  // namespace

const LayoutRule* FindLayout(v1::Layout layout) {
  for (const LayoutRule& rule : kLayouts) {
    if (rule.layout == layout) return &rule;
  }
  return nullptr;
}

absl::StatusOr<v1::Layout> ParseLayout(absl::string_view name) {
  std::string known;
  for (const LayoutRule& rule : kLayouts) {
    if (absl::EqualsIgnoreCase(name, rule.name)) return rule.layout;
    absl::StrAppend(&known, known.empty() ? "" : ", ", rule.name);
  }
  return Refusal(v1::ERROR_REASON_LAYOUT_UNSUPPORTED,
                 absl::StrCat("layout ", Quoted(name), " is none of ", known));
}

std::string SpecText(const v1::RingSpec& spec) {
  const LayoutRule* rule = FindLayout(spec.layout());
  std::string text =
      rule != nullptr
          ? std::string(rule->name)
          : absl::StrCat("layout ", static_cast<int>(spec.layout()));
  if (spec.virtual_nodes() > 0) {
    absl::StrAppend(&text, ", ", spec.virtual_nodes(),
                    " points per unit of weight");
  }
  if (spec.partition_bits() > 0) {
    absl::StrAppend(&text, ", ", uint64_t{1} << (spec.partition_bits() & 63),
                    " partitions");
  }
  absl::StrAppend(&text, ", ", spec.replicas(),
                  spec.replicas() == 1 ? " owner a key" : " owners a key");
  return text;
}

KeyHash HashKey(v1::Layout layout, absl::string_view key) {
  const LayoutRule* rule = FindLayout(layout);
  assert(rule != nullptr && "a ring's spec was validated when it was made");
  return rule->hash_key(key);
}

uint64_t Xxh3(absl::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

uint64_t SplitMix64(uint64_t state) {
  state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
  state = (state ^ (state >> 27)) * 0x94D049BB133111EB;
  return state ^ (state >> 31);
}

}  // namespace clockwise
