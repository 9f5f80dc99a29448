// Fuzzes requests that create and change rings: parsed, checked, and applied to
// a new ring.
#include "service/membership/membership.h"
#include "service/ring/layout_settings.h"
#include "service/rpc/requests.h"
#include "service/store/memory_store.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace clockwise;  // NOLINT: a program of one file

uint64_t WeightsOf(const v1::ApplyChangesRequest& request) {
  uint64_t weights = 0;
  for (const v1::NodeChange& change : request.changes()) {
    weights += change.add().weight() + change.update().node().weight() + 1;
  }
  return weights;
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto parts = fuzz::Parts(fuzz::View(data, size));
  v1::CreateRingRequest create;
  if (!create.ParseFromString(parts[0])) return 0;
  create.mutable_spec()->set_name("fuzzed");
  MemoryStore store;
  Membership::Options options;
  options.store = &store;
  options.now = [] { return absl::UnixEpoch(); };
  options.random = [] { return 1; };
  Membership membership(options);
  fuzz::Check(membership.Load().ok(), "an empty store loads");
  const auto spec = NormalizeSpec(create.spec());
  if (!spec.ok() || !fuzz::IsSmall(*spec, 1)) return 0;
  if (!membership.CreateRing(create.spec()).ok()) return 0;
  for (size_t i = 1; i < parts.size() && i < 8; ++i) {
    v1::ApplyChangesRequest change;
    if (!change.ParseFromString(parts[i])) continue;
    if (!fuzz::IsSmall(*spec, WeightsOf(change))) continue;
    change.set_ring("fuzzed");
    const auto made = membership.Apply(ToChangeRequest(change, "fuzz"));
    if (!made.ok()) {
      fuzz::Check(made.status().code() != absl::StatusCode::kUnknown &&
                      made.status().code() != absl::StatusCode::kInternal,
                  "each refusal has a code");
    }
  }
  return 0;
}
