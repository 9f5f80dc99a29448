// ReloadableFiles holds the last valid contents of a set of files. An invalid
// update is rejected, and the previous contents are kept. Thread-safe.
#ifndef CLOCKWISE_SERVICE_RUNTIME_RELOADABLE_FILES_H_
#define CLOCKWISE_SERVICE_RUNTIME_RELOADABLE_FILES_H_

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
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
  // Parses the texts of the files. INVALID_ARGUMENT: one line that states the
  // error.
  using Parse = std::function<absl::StatusOr<Value>(const Texts&)>;

  // Reads the files at `paths`, each of at most `most` bytes. An empty path is
  // read as an empty file. INVALID_ARGUMENT: the files are not valid now.
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
  // Reads the files again. kRefused: they are invalid, and `why` is the error.
  // An error is reported once: kUnchanged is returned while it stays the same.
  Outcome Reload(absl::Status& why) {
    auto texts = Read(paths_, most_);
    MutexLock lock(mu_);
    if (texts.ok() && *texts == texts_) {
      refused_ = absl::OkStatus();
      return Outcome::kUnchanged;
    }
    // Unchanged invalid files are parsed again: a certificate may be valid by
    // now.
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

  // Returns the error of the system call that failed last, for `path`.
  static absl::Status Unreadable(const std::string& path, const char* what) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", what, ": ", std::strerror(errno)));
  }

  static absl::StatusOr<Texts> Read(const Texts& paths, size_t most) {
    Texts texts;
    for (const std::string& path : paths) {
      std::string& text = texts.emplace_back();
      if (path.empty()) continue;
      std::ifstream in(path, std::ios::binary);
      if (!in) return Unreadable(path, "cannot open");
      text.resize(most + 1);
      in.read(text.data(), static_cast<std::streamsize>(text.size()));
      if (in.bad()) return Unreadable(path, "cannot read");
      text.resize(static_cast<size_t>(in.gcount()));
      if (text.size() <= most) continue;
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": larger than the maximum of ", most, " bytes"));
    }
    return texts;
  }

  const Texts paths_;
  const size_t most_;
  const Parse parse_;
  mutable Mutex mu_;
  Texts texts_ ABSL_GUARDED_BY(mu_);  // of the current value
  std::shared_ptr<const Value> current_ ABSL_GUARDED_BY(mu_);
  // The error of the last read; OK if there was none.
  absl::Status refused_ ABSL_GUARDED_BY(mu_);
  Figures figures_ ABSL_GUARDED_BY(mu_);
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RUNTIME_RELOADABLE_FILES_H_
