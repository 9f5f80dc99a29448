#include "service/channel/credentials_source.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "service/limits.h"

namespace clockwise {
namespace {

constexpr std::chrono::seconds kBetweenReads(1);

// Adds the outcome of a reload, if there is one. Returns true if the contents
// were replaced.
template <typename Source>
bool Reload(Source& source, std::vector<absl::Status>& outcomes) {
  absl::Status why;
  const auto outcome = source.Reload(why);
  if (outcome != Source::Outcome::kUnchanged) outcomes.push_back(why);
  return outcome == Source::Outcome::kReplaced;
}

}  // namespace

std::shared_ptr<CredentialsSource> CredentialsSource::Plaintext() {
  return std::shared_ptr<CredentialsSource>(
      new CredentialsSource(nullptr, nullptr, nullptr));
}

absl::StatusOr<std::shared_ptr<CredentialsSource>> CredentialsSource::Open(
    const TlsFiles& files, const std::string& token_file, OnReload on_reload) {
  auto tls = OpenTls(files);
  if (!tls.ok()) return tls.status();
  std::shared_ptr<TokenSource> token;
  if (!token_file.empty()) {
    auto opened = OpenToken(token_file);
    if (!opened.ok()) return opened.status();
    token = *std::move(opened);
  }
  return std::shared_ptr<CredentialsSource>(new CredentialsSource(
      *std::move(tls), std::move(token), std::move(on_reload)));
}

absl::StatusOr<std::shared_ptr<CredentialsSource::TokenSource>>
CredentialsSource::OpenToken(const std::string& path) {
  return TokenSource::Open(
      {path}, limits::kMaxPemBytes,
      [path](const TokenSource::Texts& texts) -> absl::StatusOr<std::string> {
        const absl::string_view text = texts.front();
        const absl::string_view token =
            absl::StripAsciiWhitespace(text.substr(0, text.find('\n')));
        if (!token.empty() && token.size() <= limits::kMaxTokenBytes) {
          return std::string(token);
        }
        return absl::InvalidArgumentError(
            absl::StrCat(path, ":1: the token has ", token.size(),
                         " bytes; write a token of 1 to ",
                         limits::kMaxTokenBytes, " bytes"));
      });
}

CredentialsSource::CredentialsSource(std::shared_ptr<TlsSource> tls,
                                     std::shared_ptr<TokenSource> token,
                                     OnReload on_reload)
    : tls_(std::move(tls)),
      token_(std::move(token)),
      on_reload_(std::move(on_reload)),
      read_at_(Clock::now()),
      current_(Make()) {}

std::shared_ptr<grpc::ChannelCredentials> CredentialsSource::Current(
    Clock::time_point now) {
  std::vector<absl::Status> outcomes;
  std::shared_ptr<grpc::ChannelCredentials> current;
  {
    MutexLock lock(mu_);
    if (tls_ != nullptr && now - read_at_ >= kBetweenReads) {
      read_at_ = now;
      bool replaced = Reload(*tls_, outcomes);
      if (token_ != nullptr) replaced |= Reload(*token_, outcomes);
      if (replaced) current_ = Make();
    }
    current = current_;
  }
  if (on_reload_ != nullptr) {
    for (const absl::Status& outcome : outcomes) on_reload_(outcome);
  }
  return current;
}

std::shared_ptr<grpc::ChannelCredentials> CredentialsSource::Make() const {
  if (tls_ == nullptr) return grpc::InsecureChannelCredentials();
  const std::shared_ptr<const TlsMaterial> material = tls_->Current();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = material->roots;
  options.pem_private_key = material->key;
  options.pem_cert_chain = material->certificate;
  auto credentials = grpc::SslCredentials(options);
  if (token_ == nullptr) return credentials;
  return grpc::CompositeChannelCredentials(
      credentials, grpc::AccessTokenCredentials(*token_->Current()));
}

}  // namespace clockwise
