// Functions that the fuzz targets share. Each target is one function of bytes
// from outside. libFuzzer searches for bytes that crash it; the sanitizers
// report errors that do not crash by themselves.
#ifndef CLOCKWISE_TESTS_FUZZ_FUZZ_H_
#define CLOCKWISE_TESTS_FUZZ_FUZZ_H_

#include <google/protobuf/stubs/logging.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"
#include "service/ring/hash.h"

namespace clockwise::fuzz {

// Disables protobuf's log, which reports each text that is not UTF-8.
inline google::protobuf::LogHandler* const kQuiet =
    google::protobuf::SetLogHandler(nullptr);

inline absl::string_view View(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Ends the program unless `holds`, which must be true for all inputs.
inline void Check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

// Splits an input into texts separated by a line "--".
inline std::vector<std::string> Parts(absl::string_view bytes) {
  return absl::StrSplit(bytes, "\n--\n");
}

// Writes `bytes` to a temporary file of this process and returns its path.
inline std::string File(absl::string_view bytes) {
  static const std::string path = std::filesystem::temp_directory_path() /
                                  ("fuzz-" + std::to_string(getpid()));
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  return path;
}

// Returns the checksum of our file formats, which no mutation would find.
inline std::string Xxh3Bytes(absl::string_view bytes) {
  const uint64_t sum = Xxh3(bytes);
  std::string text;
  for (int i = 0; i < 8; ++i) text.push_back(static_cast<char>(sum >> 8 * i));
  return text;
}

// Returns the sum of all weights, and one more per node because 0 may mean 1.
template <typename Nodes>
uint64_t WeightsOf(const Nodes& nodes) {
  uint64_t weights = 1;
  for (const v1::Node& node : nodes) weights += node.weight() + 1;
  return weights;
}

// True if a ring of `spec` is small enough to be built 1,000 times a second.
inline bool IsSmall(const v1::RingSpec& spec, uint64_t weights) {
  return weights < 50 && spec.virtual_node_count() * weights < 10'000 &&
         spec.partition_bits() < 11 && spec.settings().min_ring_size() < 2000 &&
         spec.settings().max_ring_size() < 5000 &&
         spec.settings().table_size() < 2000;
}

}  // namespace clockwise::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

#endif  // CLOCKWISE_TESTS_FUZZ_FUZZ_H_
