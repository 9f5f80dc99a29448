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
#include "client/cli/session.h"
#include "service/limits.h"
#include "service/ring/layout_settings.h"

namespace clockwise::cli {
namespace {

absl::Status CannotRead(const std::string& path) {
  return BadUsage(
      absl::StrCat("--keys: cannot read ", path, ": ", std::strerror(errno)));
}

using TakeKey = absl::FunctionRef<absl::Status(absl::string_view key)>;

absl::Status TakeBatch(KeyBatch& batch, TakeKey take, bool& any) {
  KeyBatch::Keys keys;
  batch.Take(keys);
  for (const std::string& key : keys) {
    any = true;
    if (absl::Status failure = take(key); !failure.ok()) return failure;
  }
  return absl::OkStatus();
}

absl::Status ReadLines(const std::string& path, TakeKey take) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return CannotRead(path);
  const auto closed = absl::MakeCleanup([file] { close(file); });
  KeyBatch batch('\n', path);
  bool any = false;
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
      auto failure = TakeBatch(batch, take, any);
      if (!failure.ok()) return failure;
    }
  }
  batch.End();
  absl::Status failure = TakeBatch(batch, take, any);
  if (failure.ok() && any) {
    const std::string oddities = batch.Oddities();
    if (!oddities.empty()) Say(oddities);
  }
  if (!failure.ok() || any) return failure;
  return BadUsage(
      absl::StrCat("--keys: ", path, " has no keys; write one key per line"));
}

}  // namespace

KeySample::KeySample(const std::set<v1::Layout>& layouts) {
  for (const v1::Layout layout : layouts) {
    v1::RingSpec spec;
    spec.set_layout(layout);
    if (const auto normal = NormalizeSpec(spec); normal.ok()) {
      by_layout_.emplace(layout, InLayout{KeyHasher(*normal), {}});
    }
  }
}

absl::Status KeySample::Add(absl::string_view key) {
  if (keys_ == limits::kMaxSimulatedKeys) {
    return WithHint(BadUsage(absl::StrCat("--keys: more than ",
                                          limits::kMaxSimulatedKeys, " keys")),
                    absl::StrCat("draw a sample with `shuf -n ",
                                 limits::kMaxSimulatedKeys, " FILE`"));
  }
  ++keys_;
  for (auto& [layout, keys] : by_layout_) {
    keys.hashes.push_back(keys.hasher(key));
  }
  return absl::OkStatus();
}

std::span<const KeyHash> KeySample::HashesIn(v1::Layout layout) const {
  const auto found = by_layout_.find(layout);
  if (found == by_layout_.end()) return {};
  return found->second.hashes;
}

absl::Status ReadKeys(const std::string& source, TakeKey take) {
  uint64_t number = 0;
  if (!absl::SimpleAtoi(source, &number)) return ReadLines(source, take);
  for (uint64_t i = 0; i < number; ++i) {
    absl::Status failure = take(absl::StrCat("key-", i));
    if (!failure.ok()) return failure;
  }
  return absl::OkStatus();
}

absl::StatusOr<KeySample> ReadKeySample(const std::string& source,
                                        const std::set<v1::Layout>& layouts) {
  KeySample sample(layouts);
  absl::Status failure =
      ReadKeys(source, [&](absl::string_view key) { return sample.Add(key); });
  if (!failure.ok()) return failure;
  return sample;
}

}  // namespace clockwise::cli
