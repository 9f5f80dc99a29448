// Fuzzes the server's config file and command line: the first part is the file,
// the others are arguments.
#include "service/server/options.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace clockwise;  // NOLINT: a program of one file
  auto arguments = fuzz::Parts(fuzz::View(data, size));
  arguments[0] = "--config=" + fuzz::File(arguments[0]);
  const auto options = ParseOptions(arguments);
  if (options.ok()) return 0;
  fuzz::Check(absl::IsInvalidArgument(options.status()), "one kind of refusal");
  fuzz::Check(!options.status().message().empty(), "a refusal says why");
  return 0;
}
