// KeySample is a set of keys to look up in simulated rings. It keeps only their
// hashes. Thread-compatible.
//
// Memory: 16 bytes per key and layout, however long the keys are.
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
  // Creates an empty sample for rings with these `layouts`.
  explicit KeySample(const std::set<v1::Layout>& layouts);

  // Adds the key. Bad usage: there are already kMaxSimulatedKeys keys.
  [[nodiscard]] absl::Status Add(absl::string_view key);

  size_t size() const { return keys_; }

  // Returns the hash of each key with the layout's default settings; empty if
  // the sample does not include the layout.
  std::span<const KeyHash> HashesIn(v1::Layout layout) const;

 private:
  struct InLayout {
    KeyHasher hasher;
    std::vector<KeyHash> hashes;
  };
  std::map<v1::Layout, InLayout> by_layout_;
  size_t keys_ = 0;
};

// Calls `take` with each key of `source`. A number N means the generated keys
// key-0 to key-(N-1). Otherwise `source` is a file with one key per line. Bad
// usage: the file cannot be read, or has no keys.
[[nodiscard]] absl::Status ReadKeys(
    const std::string& source,
    absl::FunctionRef<absl::Status(absl::string_view key)> take);

// Returns a sample of the keys that ReadKeys reads.
absl::StatusOr<KeySample> ReadKeySample(const std::string& source,
                                        const std::set<v1::Layout>& layouts);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_KEY_SAMPLE_H_
