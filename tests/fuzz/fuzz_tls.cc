// Fuzzes certificates, keys and roots.
#include "service/tls/tls_material.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto parts = clockwise::fuzz::Parts(clockwise::fuzz::View(data, size));
  parts.resize(3);
  (void)clockwise::ParseTls(absl::FromUnixSeconds(1'800'000'000), {}, parts);
  return 0;
}
