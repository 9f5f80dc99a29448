#include "service/ring/layout.h"

#include <cassert>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/ring/hash.h"
#include "service/ring/layout_settings.h"

namespace clockwise {
namespace {

// Its table is assigned, not computed from the nodes (service/ring/assign).
const profile::Rule kPartitioned = {
    "partitioned",
    "Clockwise's own: partitions that the authority assigns",
    profile::Order::kById,
    {},
    {.zero_weight = true}};

// Returns the layout with the name of a profile.
v1::Layout LayoutNamed(absl::string_view name) {
  v1::Layout layout = v1::LAYOUT_UNSPECIFIED;
  const bool known = v1::Layout_Parse(
      absl::StrCat("LAYOUT_", absl::AsciiStrToUpper(name)), &layout);
  assert(known && "the profile's name is not a layout of placement.proto");
  (void)known;
  return layout;
}

// Returns the rules in the order of v1::Layout's numbers.
std::vector<LayoutRule> MakeLayouts() {
  std::vector<LayoutRule> layouts(1 + profile::Profiles().size() +
                                  profile::TableProfiles().size());
  const auto put = [&](const LayoutRule& rule) {
    layouts.at(static_cast<size_t>(rule.layout) - 1) = rule;
  };
  put({v1::LAYOUT_PARTITIONED, SlotRule::kTopBits, &kPartitioned, nullptr,
       nullptr});
  for (const profile::Profile& ring : profile::Profiles()) {
    put({LayoutNamed(ring.name), SlotRule::kFirstEnd, &ring, &ring, nullptr});
  }
  for (const profile::TableProfile& table : profile::TableProfiles()) {
    put({LayoutNamed(table.name), SlotRule::kModulo, &table, nullptr, &table});
  }
  return layouts;
}

}  // namespace

std::span<const LayoutRule> Layouts() {
  static const auto& layouts = *new std::vector<LayoutRule>(MakeLayouts());
  return layouts;
}

const LayoutRule* FindLayout(v1::Layout layout) {
  const int number = layout;
  if (number < 1 || static_cast<size_t>(number) > Layouts().size()) {
    return nullptr;
  }
  return &Layouts()[static_cast<size_t>(number) - 1];
}

absl::StatusOr<v1::Layout> ParseLayout(absl::string_view name) {
  std::string known;
  for (const LayoutRule& rule : Layouts()) {
    if (absl::EqualsIgnoreCase(name, rule.name())) return rule.layout;
    absl::StrAppend(&known, known.empty() ? "" : ", ", rule.name());
  }
  return Refusal(
      v1::ERROR_REASON_LAYOUT_UNSUPPORTED,
      absl::StrCat("layout ", Quoted(name), " is unknown; use one of ", known));
}

std::string SpecText(const v1::RingSpec& spec) {
  const LayoutRule* rule = FindLayout(spec.layout());
  std::string text =
      rule != nullptr
          ? std::string(rule->name())
          : absl::StrCat("layout ", static_cast<int>(spec.layout()));
  if (spec.virtual_node_count() > 0) {
    absl::StrAppend(&text, ", ", spec.virtual_node_count(),
                    spec.layout() == v1::LAYOUT_HASHED
                        ? " points per unit of weight"
                        : " vnodes");
  }
  if (spec.partition_bits() > 0) {
    absl::StrAppend(&text, ", ", uint64_t{1} << (spec.partition_bits() & 63),
                    " partitions");
  }
  if (const std::string settings = SettingsText(spec.settings());
      !settings.empty()) {
    absl::StrAppend(&text, ", ", settings);
  }
  absl::StrAppend(
      &text, ", ", spec.replica_count(),
      spec.replica_count() == 1 ? " owner per key" : " owners per key");
  if (!spec.migrating_from().empty()) {
    absl::StrAppend(&text, ", migrating from ", spec.migrating_from());
  }
  return text;
}

KeyHasher::KeyHasher(const v1::RingSpec& spec)
    : rule_(FindLayout(spec.layout())) {
  assert(rule_ != nullptr && "a ring's spec was validated when it was created");
  settings_ = SettingsOf(*rule_->traits, spec);
  if (rule_->slot_rule == SlotRule::kTopBits) {
    plain_ = Xxh3;
  } else if (rule_->ring_profile != nullptr && settings_.hash_tag.empty() &&
             !settings_.avalanche) {
    plain_ = settings_.key_hash;
    shift_ = 64 - rule_->ring_profile->position_bits;
  }
}

KeyHash KeyHasher::BySettings(absl::string_view key) const {
  if (rule_->ring_profile != nullptr) {
    return {profile::KeyPosition(*rule_->ring_profile, settings_, key), 0};
  }
  const absl::uint128 number = rule_->table_profile->number(key, settings_);
  if (rule_->table_profile->number_bits == 64)
    return {absl::Uint128Low64(number), 0};
  return {absl::Uint128High64(number), absl::Uint128Low64(number)};
}

}  // namespace clockwise
