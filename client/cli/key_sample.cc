#include "client/cli/key_sample.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/cli/failure.h"
#include "client/cli/key_batch.h"
#include "service/limits.h"

namespace clockwise::cli {
namespace {

absl::Status CannotRead(const std::string& path) {
  return BadUsage(
      absl::StrCat("cannot read keys from ", path, ": ", std::strerror(errno)));
}

absl::Status AddBatch(KeyBatch& batch, KeySample& sample) {
  KeyBatch::Keys keys;
  batch.Take(keys);
  for (const std::string& key : keys) {
    if (absl::Status failure = sample.Add(key); !failure.ok()) return failure;
  }
  return absl::OkStatus();
}

absl::Status AddLines(const std::string& path, KeySample& sample) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return CannotRead(path);
  const auto closed = absl::MakeCleanup([file] { close(file); });
  KeyBatch batch('\n', path);
  std::array<char, size_t{64} * 1024> chunk;
  for (;;) {
    const ssize_t bytes = read(file, chunk.data(), chunk.size());
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0) return CannotRead(path);
    if (bytes == 0) break;
    absl::string_view rest(chunk.data(), static_cast<size_t>(bytes));
    while (!rest.empty()) {
      const auto taken = batch.Add(rest);
      if (!taken.ok()) return taken.status();
      rest.remove_prefix(*taken);
      if (!batch.full()) continue;
      if (auto failure = AddBatch(batch, sample); !failure.ok()) return failure;
    }
  }
  batch.End();
  return AddBatch(batch, sample);
}

}  // namespace

KeySample::KeySample(const std::set<v1::Layout>& layouts) {
  for (const v1::Layout layout : layouts) hashes_[layout];
}

absl::Status KeySample::Add(absl::string_view key) {
  if (keys_ == limits::kMaxSimulatedKeys) {
    return WithHint(
        BadUsage(absl::StrCat("more keys than ", limits::kMaxSimulatedKeys)),
        absl::StrCat("a sample is enough: shuf -n ", limits::kMaxSimulatedKeys,
                     " FILE"));
  }
  ++keys_;
  for (auto& [layout, hashes] : hashes_) {
    hashes.push_back(HashKey(layout, key));
  }
  return absl::OkStatus();
}

std::span<const KeyHash> KeySample::HashesIn(v1::Layout layout) const {
  const auto found = hashes_.find(layout);
  if (found == hashes_.end()) return {};
  return found->second;
}

absl::StatusOr<KeySample> ReadKeySample(const std::string& source,
                                        const std::set<v1::Layout>& layouts) {
  KeySample sample(layouts);
  uint64_t number = 0;
  if (!absl::SimpleAtoi(source, &number)) {
    if (auto failure = AddLines(source, sample); !failure.ok()) return failure;
    if (sample.size() > 0) return sample;
    return BadUsage(absl::StrCat("no keys in ", source));
  }
  for (uint64_t i = 0; i < number; ++i) {
    auto failure = sample.Add(absl::StrCat("key-", i));
    if (!failure.ok()) return failure;
  }
  return sample;
}

}  // namespace clockwise::cli
