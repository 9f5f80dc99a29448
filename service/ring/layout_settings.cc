#include "service/ring/layout_settings.h"

#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/api/validate.h"
#include "service/limits.h"
#include "service/ring/layout.h"

namespace clockwise {
namespace {

using profile::Rule;
using profile::Takes;

bool IsPrime(uint32_t number) {
  if (number < 2) return false;
  for (uint64_t factor = 2; factor * factor <= number; ++factor) {
    if (number % factor == 0) return false;
  }
  return true;
}

// Normalizes the settings of one ring. Stops at the first error.
class Normalizer {
 public:
  Normalizer(const Rule& rule, const v1::RingSpec& asked, v1::RingSpec& normal)
      : rule_(rule),
        takes_(rule.takes),
        asked_(asked.settings()),
        replicas_(asked.replica_count()),
        normal_(normal) {}

  absl::Status Run() {
    for (absl::Status status : {KeyHash(), HashTag(), RingSize(), PointHash(),
                                TableSize(), PointsPerHash(), Maps()}) {
      if (!status.ok()) return status;
    }
    if (!takes_.avalanche && asked_.has_avalanche()) {
      return NotTaken("avalanche");
    }
    if (!takes_.sort_hosts && asked_.sort_hosts())
      return NotTaken("sort_hosts");
    if (asked_.sort_hosts()) settings().set_sort_hosts(true);
    // HAProxy mixes the hash of its default function, but not of a named
    // function.
    if (takes_.avalanche) {
      settings().set_avalanche(asked_.has_avalanche() ? asked_.avalanche()
                               : asked_.key_hash().empty()
                                   ? rule_.defaults.avalanche
                                   : false);
    }
    return absl::OkStatus();
  }

 private:
  v1::LayoutSettings& settings() { return *normal_.mutable_settings(); }

  absl::Status Fault(absl::string_view field, absl::string_view what) const {
    return FieldRefusal(absl::StrCat("spec.settings.", field), what);
  }
  absl::Status NotTaken(absl::string_view field) const {
    return Fault(field,
                 absl::StrCat("layout ", rule_.name, " has no such setting"));
  }
  // Checks the bounds of `value`, which the layout has if `taken`. 0 becomes
  // `otherwise`.
  absl::Status Number(absl::string_view field, bool taken, uint32_t value,
                      uint32_t most, uint64_t otherwise, uint32_t& normal) {
    normal = 0;
    if (!taken) return value == 0 ? absl::OkStatus() : NotTaken(field);
    const auto number = InBounds(absl::StrCat("spec.settings.", field), value,
                                 static_cast<uint32_t>(otherwise), 1, most);
    if (number.ok()) normal = *number;
    return number.status();
  }
  // Checks that `name` is one of `hashes`. Empty becomes the default.
  absl::Status HashName(absl::string_view field,
                        std::span<const profile::NamedHash> hashes,
                        const std::string& name,
                        profile::HashFunction otherwise, std::string& normal) {
    if (hashes.empty())
      return name.empty() ? absl::OkStatus() : NotTaken(field);
    normal = name.empty() ? std::string(profile::NameOf(hashes, otherwise))
                          : absl::AsciiStrToLower(name);
    if (profile::FindHash(hashes, normal) != nullptr) return absl::OkStatus();
    return Fault(field, absl::StrCat(Quoted(name), " is unknown; use one of ",
                                     profile::NamesOf(hashes)));
  }

  absl::Status KeyHash() {
    std::string name;
    absl::Status status =
        HashName("key_hash", takes_.key_hashes, asked_.key_hash(),
                 rule_.defaults.key_hash, name);
    if (status.ok() && !name.empty()) settings().set_key_hash(name);
    return status;
  }

  absl::Status PointHash() {
    std::string name;
    absl::Status status =
        HashName("point_hash",
                 takes_.point_hash ? profile::EnvoyPointHashes()
                                   : std::span<const profile::NamedHash>(),
                 asked_.point_hash(), rule_.defaults.point_hash, name);
    if (status.ok() && !name.empty()) settings().set_point_hash(name);
    return status;
  }

  absl::Status HashTag() {
    const std::string& tag = asked_.hash_tag();
    if (tag.empty()) return absl::OkStatus();
    if (!takes_.hash_tag) return NotTaken("hash_tag");
    if (tag.size() != 2 ||
        !std::all_of(tag.begin(), tag.end(),
                     [](unsigned char c) { return absl::ascii_isprint(c); })) {
      return Fault("hash_tag",
                   absl::StrCat(Quoted(tag), " is not two characters"));
    }
    settings().set_hash_tag(tag);
    return absl::OkStatus();
  }

  absl::Status RingSize() {
    uint32_t least = 0;
    uint32_t most = 0;
    // Only the upper bound limits the number of points. If the lower bound is
    // above it, gRPC lowers it to the upper bound, and Envoy rejects it.
    absl::Status status =
        Number("min_ring_size", takes_.ring_size, asked_.min_ring_size(),
               limits::kMaxRingSize, rule_.defaults.min_size, least);
    if (!status.ok()) return status;
    status = Number("max_ring_size", takes_.ring_size, asked_.max_ring_size(),
                    limits::kMaxRingSize, rule_.defaults.max_size, most);
    if (!status.ok() || !takes_.ring_size) return status;
    if (takes_.most_ring_size < limits::kMaxRingSize) {
      const auto cap = static_cast<uint32_t>(takes_.most_ring_size);
      least = std::min(least, cap);
      most = std::min(most, cap);
    }
    settings().set_min_ring_size(least);
    settings().set_max_ring_size(most);
    return absl::OkStatus();
  }

  absl::Status TableSize() {
    uint32_t size = 0;
    absl::Status status =
        Number("table_size", takes_.table_size, asked_.table_size(),
               limits::kMaxTableSize, rule_.defaults.table_size, size);
    if (!status.ok() || size == 0) return status;
    if (!IsPrime(size)) {
      return Fault("table_size", absl::StrCat(size, " is not a prime number"));
    }
    settings().set_table_size(size);
    return absl::OkStatus();
  }

  absl::Status PointsPerHash() {
    uint32_t points = 0;
    absl::Status status =
        Number("points_per_hash", takes_.points_per_hash,
               asked_.points_per_hash(), 4, rule_.defaults.words, points);
    if (status.ok() && points != 0) settings().set_points_per_hash(points);
    return status;
  }

  using Map = google::protobuf::Map<std::string, uint32_t>;
  absl::Status Bounds(absl::string_view field, bool taken, const Map& map,
                      uint32_t most) const {
    if (map.empty()) return absl::OkStatus();
    if (!taken) return NotTaken(field);
    if (map.size() > limits::kMaxSettingsZones) {
      return Fault(field, absl::StrCat(map.size(), " entries; at most ",
                                       limits::kMaxSettingsZones));
    }
    for (const auto& [name, number] : map) {
      if (name.size() > limits::kMaxZoneBytes || number > most) {
        return Fault(field, absl::StrCat(Quoted(name), ": ", number,
                                         " is not from 0 to ", most));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Maps() {
    absl::Status status = Bounds("locality_weights", takes_.localities,
                                 asked_.locality_weights(), limits::kMaxWeight);
    if (!status.ok()) return status;
    status = Bounds("data_centre_replicas", takes_.data_centres,
                    asked_.data_centre_replicas(), limits::kMaxReplicas);
    if (!status.ok()) return status;
    if (!asked_.locality_weights().empty()) {
      *settings().mutable_locality_weights() = asked_.locality_weights();
    }
    if (asked_.data_centre_replicas().empty()) return absl::OkStatus();
    uint32_t replicas = 0;
    for (const auto& [dc, number] : asked_.data_centre_replicas()) {
      replicas += number;
    }
    if (replicas < 1 || replicas > limits::kMaxReplicas) {
      return Fault("data_centre_replicas",
                   absl::StrCat("their sum, ", replicas, ", is not from 1 to ",
                                limits::kMaxReplicas));
    }
    if (replicas_ != 0 && replicas_ != replicas) {
      return FieldRefusal(
          "spec.replica_count",
          absl::StrCat(replicas_, " is not the sum of data_centre_replicas, ",
                       replicas));
    }
    *settings().mutable_data_centre_replicas() = asked_.data_centre_replicas();
    normal_.set_replica_count(replicas);
    return absl::OkStatus();
  }

  const Rule& rule_;
  const Takes& takes_;
  const v1::LayoutSettings& asked_;
  const uint32_t replicas_;
  v1::RingSpec& normal_;
};

}  // namespace

absl::Status NormalizeSettings(const Rule& rule, const v1::RingSpec& asked,
                               v1::RingSpec& normal) {
  if (rule.takes.vnodes) {
    const auto vnodes =
        InBounds("spec.virtual_node_count", asked.virtual_node_count(),
                 rule.defaults.vnodes, 1, limits::kMaxVirtualNodes);
    if (!vnodes.ok()) return vnodes.status();
    normal.set_virtual_node_count(*vnodes);
  }
  return Normalizer(rule, asked, normal).Run();
}

absl::StatusOr<v1::RingSpec> NormalizeSpec(const v1::RingSpec& spec) {
  v1::RingSpec normal;
  normal.set_name(spec.name().empty() ? std::string(kDefaultRing)
                                      : spec.name());
  if (absl::Status status = ValidateId("spec.name", normal.name());
      !status.ok()) {
    return status;
  }
  normal.set_layout(spec.layout() == v1::LAYOUT_UNSPECIFIED ? v1::LAYOUT_HASHED
                                                            : spec.layout());
  const LayoutRule* rule = FindLayout(normal.layout());
  if (rule == nullptr) {
    return Refusal(
        v1::ERROR_REASON_LAYOUT_UNSUPPORTED,
        absl::StrCat("spec.layout: this server does not support layout ",
                     v1::Layout_Name(normal.layout()).empty()
                         ? absl::StrCat(spec.layout())
                         : v1::Layout_Name(normal.layout())),
        "spec.layout");
  }
  const bool partitioned = normal.layout() == v1::LAYOUT_PARTITIONED;
  if (partitioned) {
    auto bits = InBounds("spec.partition_bits", spec.partition_bits(),
                         limits::kDefaultPartitionBits,
                         limits::kMinPartitionBits, limits::kMaxPartitionBits);
    if (!bits.ok()) return bits.status();
    normal.set_partition_bits(*bits);
  }
  auto replicas = InBounds(
      "spec.replica_count", spec.replica_count(),
      partitioned ? limits::kDefaultPartitionReplicas : 1, 1,
      partitioned ? limits::kMaxPartitionReplicas : limits::kMaxReplicas);
  if (!replicas.ok()) return replicas.status();
  normal.set_replica_count(*replicas);
  if (absl::Status status = NormalizeSettings(*rule->traits, spec, normal);
      !status.ok()) {
    return status;
  }
  if (spec.migrating_from().empty()) return normal;
  normal.set_migrating_from(spec.migrating_from());
  if (spec.migrating_from() == normal.name()) {
    return FieldRefusal("spec.migrating_from",
                        "is the ring itself; name another ring");
  }
  absl::Status status =
      ValidateId("spec.migrating_from", spec.migrating_from());
  if (!status.ok()) return status;
  return normal;
}

std::string SettingsText(const v1::LayoutSettings& settings) {
  std::string text;
  const auto add = [&text](absl::string_view name, const auto& value) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", name, " ", value);
  };
  const auto add_map = [&](absl::string_view name, const auto& map) {
    // Sorts the entries, because the order of protobuf maps is undefined.
    for (const auto& [zone, number] :
         std::map<std::string, uint32_t>(map.begin(), map.end())) {
      add(name, absl::StrCat(zone, ":", number));
    }
  };
  if (!settings.key_hash().empty()) add("key_hash", settings.key_hash());
  if (!settings.hash_tag().empty()) add("hash_tag", settings.hash_tag());
  if (settings.avalanche()) add("avalanche", "on");
  if (settings.sort_hosts()) add("sort_hosts", "on");
  if (settings.min_ring_size() > 0) {
    add("min_ring_size", settings.min_ring_size());
    add("max_ring_size", settings.max_ring_size());
  }
  if (!settings.point_hash().empty()) add("point_hash", settings.point_hash());
  if (settings.table_size() > 0) add("table_size", settings.table_size());
  if (settings.points_per_hash() > 0) {
    add("points_per_hash", settings.points_per_hash());
  }
  add_map("data_centre", settings.data_centre_replicas());
  add_map("locality", settings.locality_weights());
  return text;
}

profile::Settings SettingsOf(const Rule& rule, const v1::RingSpec& spec) {
  profile::Settings settings = rule.defaults;
  const v1::LayoutSettings& set = spec.settings();
  const Takes& takes = rule.takes;
  if (takes.vnodes) settings.vnodes = spec.virtual_node_count();
  if (!takes.key_hashes.empty()) {
    settings.key_hash = profile::FindHash(takes.key_hashes, set.key_hash());
  }
  if (takes.hash_tag) settings.hash_tag = set.hash_tag();
  if (takes.avalanche) settings.avalanche = set.avalanche();
  if (takes.sort_hosts) settings.sort_hosts = set.sort_hosts();
  if (takes.points_per_hash) settings.words = set.points_per_hash();
  if (takes.table_size) settings.table_size = set.table_size();
  if (takes.ring_size) {
    settings.min_size = set.min_ring_size();
    settings.max_size = set.max_ring_size();
  }
  if (takes.point_hash) {
    settings.point_hash =
        profile::FindHash(profile::EnvoyPointHashes(), set.point_hash());
  }
  return settings;
}

}  // namespace clockwise
