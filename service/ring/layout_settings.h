// Validates RingSpec.settings and virtual_node_count, which come from other
// systems' configurations, adds defaults, and converts them for profiles.
// Stateless.
#ifndef CLOCKWISE_SERVICE_RING_LAYOUT_SETTINGS_H_
#define CLOCKWISE_SERVICE_RING_LAYOUT_SETTINGS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clockwise/v1/placement.pb.h"
#include "service/ring/profile/profile.h"

namespace clockwise {

// Writes the settings of `asked`, a spec with a layout of `rule`, to `normal`,
// with defaults. Also sets replica_count if the settings determine it.
// FIELD_INVALID: a setting is out of bounds, or the layout does not have it.
absl::Status NormalizeSettings(const profile::Rule& rule,
                               const v1::RingSpec& asked, v1::RingSpec& normal);

// Returns `spec` with its defaults. Parameters that the layout does not use
// become 0. LAYOUT_UNSUPPORTED: this server does not have the layout.
// FIELD_INVALID: a field is out of bounds.
absl::StatusOr<v1::RingSpec> NormalizeSpec(const v1::RingSpec& spec);

// Returns a text like "key_hash md5, hash_tag {}". It is part of fingerprints.
std::string SettingsText(const v1::LayoutSettings& settings);

// Converts the settings of a normalized spec.
profile::Settings SettingsOf(const profile::Rule& rule,
                             const v1::RingSpec& spec);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_LAYOUT_SETTINGS_H_
