// Keys to be located in simulated rings, kept as their hashes.
// Thread-compatible.
//
// Memory: 16 bytes a key and layout, however long the keys are.
#ifndef CLOCKWISE_CLIENT_CLI_KEY_SAMPLE_H_
#define CLOCKWISE_CLIENT_CLI_KEY_SAMPLE_H_

#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clockwise/v1/placement.pb.h"
#include "service/ring/layout.h"

namespace clockwise::cli {

class KeySample {
 public:
  // A sample without keys, for rings in these `layouts`.
  explicit KeySample(const std::set<v1::Layout>& layouts);

  // Takes the key in; over kMaxSimulatedKeys keys is bad usage.
  [[nodiscard]] absl::Status Add(absl::string_view key);

  size_t size() const { return keys_; }

  // The hash of each key by the layout's defaults; empty in a layout that the
  // sample is not for.
  std::span<const KeyHash> HashesIn(v1::Layout layout) const;

 private:
  struct InLayout {
    KeyHasher hasher;
    std::vector<KeyHash> hashes;
  };
  std::map<v1::Layout, InLayout> by_layout_;
  size_t keys_ = 0;
};

// Gives `take` each key of `source`: a number stands for as many generated
// keys, key-0, key-1, …; else the keys of the file of that name, one a line. A
// file that cannot be read or has no keys is bad usage.
[[nodiscard]] absl::Status ReadKeys(
    const std::string& source,
    absl::FunctionRef<absl::Status(absl::string_view key)> take);

// A sample of the keys that ReadKeys gives.
absl::StatusOr<KeySample> ReadKeySample(const std::string& source,
                                        const std::set<v1::Layout>& layouts);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_KEY_SAMPLE_H_
