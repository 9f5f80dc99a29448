// Fuzzes our own files: a backup, and the client library's stored ring. Their
// checksums are corrected.
#include "client/lib/ring_file.h"
#include "service/membership/restore.h"
#include "service/store/backup.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace clockwise;  // NOLINT: a program of one file

void ReadAsBackup(absl::string_view body) {
  std::string file = "CLKWBAK1" + std::string(body);
  file += fuzz::Xxh3Bytes(file);
  const auto rings = ReadBackup(fuzz::File(file));
  if (!rings.ok()) return;
  for (const StoredRing& ring : *rings) {
    if (fuzz::IsSmall(ring.head.spec, fuzz::WeightsOf(ring.nodes))) {
      (void)RestoreState(ring);
    }
  }
}

void ReadAsRingFile(absl::string_view body) {
  const std::string file =
      "CLKWRNG1" + fuzz::Xxh3Bytes(body) + std::string(body);
  v1::Snapshot snapshot;
  if (body.size() < 8 ||
      !snapshot.ParseFromString(std::string(body.substr(8)))) {
    return;
  }
  if (!fuzz::IsSmall(snapshot.spec(), fuzz::WeightsOf(snapshot.nodes()))) {
    return;
  }
  (void)client::ReadRingFile(fuzz::File(file), "default");
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const absl::string_view body = fuzz::View(data + 1, size - 1);
  data[0] % 2 == 0 ? ReadAsBackup(body) : ReadAsRingFile(body);
  return 0;
}
