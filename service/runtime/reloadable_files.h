// What some files hold, as it was when they were last in order: what is read
// anew is checked before it replaces the old, so that a bad file takes nothing
// down. Thread-safe.
#ifndef CLOCKWISE_SERVICE_RUNTIME_RELOADABLE_FILES_H_
#define CLOCKWISE_SERVICE_RUNTIME_RELOADABLE_FILES_H_

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "service/runtime/mutex.h"

namespace clockwise {

template <typename Value>
class ReloadableFiles {
 public:
  using Texts = std::vector<std::string>;
  // What the files' texts mean; InvalidArgument, in a line: what is wrong.
  using Parse = std::function<absl::StatusOr<Value>(const Texts&)>;

  // Of the files at `paths`, which are no longer than `most` bytes; an empty
  // path is a file of nothing. InvalidArgument: they are not in order now.
  static absl::StatusOr<std::shared_ptr<ReloadableFiles>> Open(Texts paths,
                                                               size_t most,
                                                               Parse parse) {
    auto texts = Read(paths, most);
    if (!texts.ok()) return texts.status();
    auto value = parse(*texts);
    if (!value.ok()) return value.status();
    return std::shared_ptr<ReloadableFiles>(
        new ReloadableFiles(std::move(paths), most, std::move(parse),
                            *std::move(texts), *std::move(value)));
  }

  std::shared_ptr<const Value> Current() const {
    MutexLock lock(mu_);
    return current_;
  }

  enum class Outcome { kUnchanged, kReplaced, kRefused };
  // Reads the files again. kRefused: `why` says what is wrong, once; the same
  // again is kUnchanged.
  Outcome Reload(absl::Status& why) {
    auto texts = Read(paths_, most_);
    MutexLock lock(mu_);
    if (texts.ok() && *texts == texts_) {
      refused_ = absl::OkStatus();
      return Outcome::kUnchanged;
    }
    // Asked each time: what is not valid yet may be by now.
    absl::StatusOr<Value> value =
        texts.ok() ? parse_(*texts) : absl::StatusOr<Value>(texts.status());
    why = value.status();
    if (!why.ok()) {
      if (why == refused_) return Outcome::kUnchanged;
      refused_ = why;
      ++figures_.refused;
      return Outcome::kRefused;
    }
    refused_ = absl::OkStatus();
    texts_ = *std::move(texts);
    current_ = std::make_shared<const Value>(*std::move(value));
    ++figures_.replaced;
    return Outcome::kReplaced;
  }

  struct Figures {
    uint64_t replaced = 0;
    uint64_t refused = 0;
  };
  Figures figures() const {
    MutexLock lock(mu_);
    return figures_;
  }

 private:
  ReloadableFiles(Texts paths, size_t most, Parse parse, Texts texts,
                  Value value)
      : paths_(std::move(paths)),
        most_(most),
        parse_(std::move(parse)),
        texts_(std::move(texts)),
        current_(std::make_shared<const Value>(std::move(value))) {}

  static absl::StatusOr<Texts> Read(const Texts& paths, size_t most) {
    Texts texts;
    for (const std::string& path : paths) {
      std::string& text = texts.emplace_back();
      if (path.empty()) continue;
      std::ifstream in(path, std::ios::binary);
      if (!in) return absl::InvalidArgumentError("no file " + path);
      text.resize(most + 1);
      in.read(text.data(), static_cast<std::streamsize>(text.size()));
      if (in.bad()) return absl::InvalidArgumentError("cannot read " + path);
      text.resize(static_cast<size_t>(in.gcount()));
      if (text.size() <= most) continue;
      return absl::InvalidArgumentError(
          absl::StrCat(path, " is longer than ", most, " bytes"));
    }
    return texts;
  }

  const Texts paths_;
  const size_t most_;
  const Parse parse_;
  mutable Mutex mu_;
  Texts texts_ ABSL_GUARDED_BY(mu_);  // of the current value
  std::shared_ptr<const Value> current_ ABSL_GUARDED_BY(mu_);
  // What is wrong with what stood there last; OK: nothing.
  absl::Status refused_ ABSL_GUARDED_BY(mu_);
  Figures figures_ ABSL_GUARDED_BY(mu_);
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RUNTIME_RELOADABLE_FILES_H_
