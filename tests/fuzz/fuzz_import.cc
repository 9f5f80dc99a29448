// Fuzzes the import of other systems' configurations, and the files of
// `clockwise apply`.
#include "client/cli/config/config_difference.h"
#include "client/cli/config/ring_config.h"
#include "client/cli/import/imported.h"
#include "service/ring/layout_settings.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace clockwise::cli;  // NOLINT: a program of one file

// Checks that a file that was read is the same after it is written and read
// again, in both forms.
void CheckRoundTrip(const RingConfig& config) {
  clockwise::v1::Snapshot ring;
  clockwise::v1::RingSpec spec = config.spec.spec;
  spec.set_name("r");
  const auto normal = clockwise::NormalizeSpec(spec);
  if (!normal.ok()) return;
  *ring.mutable_spec() = *normal;
  for (const ConfigNode& stated : config.nodes) {
    *ring.add_nodes() = stated.node;
    ring.mutable_nodes()->rbegin()->set_ordinal(ring.nodes_size());
  }
  for (const std::string& text : {YamlRingConfig(ring), JsonRingConfig(ring)}) {
    const auto again = ReadRingConfig(text, "again");
    if (!again.ok()) __builtin_trap();
    const auto difference = DifferenceOf(*again, ring, {.prune = true});
    // The layout may refuse a node, but nothing can differ.
    if (difference.ok() && !difference->changes.empty()) __builtin_trap();
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const absl::string_view text = clockwise::fuzz::View(data + 1, size - 1);
  switch (data[0] % 7) {
    case 0:
      (void)ReadNginx(text, "file", "cache");
      break;
    case 1:
      (void)ReadTwemproxy(text, "file", "cache");
      break;
    case 2:
      (void)ReadHaproxy(text, "file", "cache", clockwise::v1::LAYOUT_HAPROXY_3);
      break;
    case 3:
      (void)ReadMemcached(std::string(text), "");
      break;
    case 4:
      (void)ReadCassandra(text, "file");
      break;
    case 5:
      (void)ReadRedisCluster(text, "file");
      break;
    default: {
      const auto config = ReadRingConfig(text, "file");
      if (config.ok() && config->kind == RingConfig::Kind::kState) {
        CheckRoundTrip(*config);
      }
    }
  }
  return 0;
}
