#include "service/tls/tls_source.h"

#include <utility>

#include "absl/time/clock.h"

namespace clockwise {
namespace {

bool SameFiles(const TlsMaterial& a, const TlsMaterial& b) {
  return a.certificate == b.certificate && a.key == b.key && a.roots == b.roots;
}

}  // namespace

absl::StatusOr<std::shared_ptr<TlsSource>> TlsSource::Open(TlsFiles files) {
  auto material = ReadTls(files);
  if (!material.ok()) return material.status();
  absl::Status status = CheckTls(absl::Now(), *material);
  if (!status.ok()) return status;
  return std::shared_ptr<TlsSource>(
      new TlsSource(std::move(files), *std::move(material)));
}

TlsSource::TlsSource(TlsFiles files, TlsMaterial material)
    : files_(std::move(files)),
      current_(std::make_shared<const TlsMaterial>(std::move(material))) {}

std::shared_ptr<const TlsMaterial> TlsSource::Current() const {
  MutexLock lock(mu_);
  return current_;
}

TlsSource::Outcome TlsSource::Reload(absl::Status& why) {
  auto read = ReadTls(files_);
  MutexLock lock(mu_);
  if (read.ok() && SameFiles(*read, *current_)) {
    refused_ = absl::OkStatus();
    return Outcome::kUnchanged;
  }
  // Asked each time: what is not valid yet may be by now.
  why = read.ok() ? CheckTls(absl::Now(), *read) : read.status();
  if (!why.ok()) {
    if (why == refused_) return Outcome::kUnchanged;
    refused_ = why;
    ++figures_.refused;
    return Outcome::kRefused;
  }
  refused_ = absl::OkStatus();
  current_ = std::make_shared<const TlsMaterial>(*std::move(read));
  ++figures_.replaced;
  return Outcome::kReplaced;
}

TlsSource::Figures TlsSource::figures() const {
  MutexLock lock(mu_);
  Figures figures = figures_;
  figures.expires = current_->expires;
  return figures;
}

}  // namespace clockwise
