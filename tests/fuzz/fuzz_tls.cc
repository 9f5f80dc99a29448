// Certificates, keys and roots.
#include "service/tls/tls_material.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto parts = clockwise::fuzz::Parts(clockwise::fuzz::View(data, size));
  clockwise::TlsMaterial material;
  material.certificate = parts[0];
  if (parts.size() > 1) material.key = parts[1];
  if (parts.size() > 2) material.roots = parts[2];
  (void)clockwise::CheckTls(absl::FromUnixSeconds(1'800'000'000), material);
  return 0;
}
