#include "client/lib/credentials.h"

#include <fstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "service/limits.h"

namespace clockwise::client {
namespace {

constexpr std::chrono::seconds kBetweenReads(1);

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  std::string token;
  if (path.empty()) return token;
  std::ifstream in(path);
  std::getline(in, token);
  absl::StripAsciiWhitespace(&token);
  // What it is instead is not told: it may be a secret.
  if (token.empty() || token.size() > limits::kMaxTokenBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("token_file: no token in ", path));
  }
  return token;
}

}  // namespace

absl::StatusOr<std::shared_ptr<Credentials>> Credentials::Open(const Tls& tls) {
  std::shared_ptr<TlsSource> source;
  if (tls.cert_file.empty() != tls.key_file.empty()) {
    return absl::InvalidArgumentError("cert_file and key_file go together");
  }
  if (tls.enabled || !tls.ca_file.empty() || !tls.cert_file.empty()) {
    auto opened = OpenTls({tls.cert_file, tls.key_file, tls.ca_file});
    if (!opened.ok()) return opened.status();
    source = *std::move(opened);
  } else if (!tls.token_file.empty()) {
    return absl::InvalidArgumentError(
        "token_file: a token goes by TLS alone, never in plaintext");
  }
  auto token = ReadToken(tls.token_file);
  if (!token.ok()) return token.status();
  std::shared_ptr<Credentials> credentials(
      new Credentials(std::move(source), tls.token_file));
  MutexLock lock(credentials->mu_);
  credentials->token_ = *std::move(token);
  credentials->read_at_ = std::chrono::steady_clock::now();
  credentials->Make();
  return credentials;
}

Credentials::Credentials(std::shared_ptr<TlsSource> source,
                         std::string token_file)
    : source_(std::move(source)), token_file_(std::move(token_file)) {}

std::shared_ptr<grpc::ChannelCredentials> Credentials::Current() {
  MutexLock lock(mu_);
  const auto now = std::chrono::steady_clock::now();
  if (source_ == nullptr || now - read_at_ < kBetweenReads) return current_;
  read_at_ = now;
  absl::Status why;
  bool changed = source_->Reload(why) == TlsSource::Outcome::kReplaced;
  if (auto token = ReadToken(token_file_); token.ok() && *token != token_) {
    token_ = *std::move(token);
    changed = true;
  }
  if (changed) Make();
  return current_;
}

void Credentials::Make() {
  if (source_ == nullptr) {
    current_ = grpc::InsecureChannelCredentials();
    return;
  }
  const std::shared_ptr<const TlsMaterial> material = source_->Current();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = material->roots;
  options.pem_private_key = material->key;
  options.pem_cert_chain = material->certificate;
  current_ = grpc::SslCredentials(options);
  if (!token_.empty()) {
    current_ = grpc::CompositeChannelCredentials(
        current_, grpc::AccessTokenCredentials(token_));
  }
}

}  // namespace clockwise::client
