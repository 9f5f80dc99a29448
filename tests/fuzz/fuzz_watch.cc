// Fuzzes the messages of Watch that a mirror receives from a server.
#include "client/lib/mirror.h"
#include "service/ring/layout_settings.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace clockwise;  // NOLINT: a program of one file
  client::RingViewPtr view;
  for (const std::string& part : fuzz::Parts(fuzz::View(data, size))) {
    v1::WatchResponse message;
    if (!message.ParseFromString(part)) continue;
    v1::RingSpec spec =
        view == nullptr ? message.snapshot().spec() : view->ring().spec();
    if (message.has_snapshot()) spec = message.snapshot().spec();
    const auto normal = NormalizeSpec(spec);
    if (normal.ok() &&
        !fuzz::IsSmall(*normal,
                       fuzz::WeightsOf(message.snapshot().nodes()) +
                           fuzz::WeightsOf(message.delta().upserted())))
      continue;
    auto next = client::After(view, message);
    if (!next.ok()) continue;
    view = *std::move(next);
    if (view == nullptr) continue;
    uint32_t owners[kMaxOwners];
    fuzz::Check(view->Locate("key", 0, owners).ok(), "a ring answers");
  }
  return 0;
}
