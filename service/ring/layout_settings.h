// RingSpec.settings and virtual_node_count: what other systems' configurations
// set, checked, defaults filled in, and as profiles take it. Stateless.
#ifndef CLOCKWISE_SERVICE_RING_LAYOUT_SETTINGS_H_
#define CLOCKWISE_SERVICE_RING_LAYOUT_SETTINGS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "clockwise/v1/placement.pb.h"
#include "service/ring/profile/profile.h"

namespace clockwise {

// Puts the settings of `asked`, which is of a layout of `rule`, into `normal`,
// with their defaults; its replicas too where they follow from the settings.
// FIELD_INVALID: one is out of bounds, or the layout does not have it.
absl::Status NormalizeSettings(const profile::Rule& rule,
                               const v1::RingSpec& asked, v1::RingSpec& normal);

// Returns `spec` with its defaults; parameters that its layout does not use
// become 0. LAYOUT_UNSUPPORTED: this server does not have the layout.
// FIELD_INVALID: a field is out of bounds.
absl::StatusOr<v1::RingSpec> NormalizeSpec(const v1::RingSpec& spec);

// "key_hash md5, hash_tag {}"; it is part of fingerprints.
std::string SettingsText(const v1::LayoutSettings& settings);

// Of a spec that was normalized.
profile::Settings SettingsOf(const profile::Rule& rule,
                             const v1::RingSpec& spec);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_LAYOUT_SETTINGS_H_
