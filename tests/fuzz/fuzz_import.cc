// Fuzzes the import of other systems' configurations.
#include "client/cli/import/imported.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace clockwise::cli;  // NOLINT: a program of one file
  if (size == 0) return 0;
  const absl::string_view text = clockwise::fuzz::View(data + 1, size - 1);
  switch (data[0] % 5) {
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
    default:
      (void)ReadCassandra(text, "file");
  }
  return 0;
}
