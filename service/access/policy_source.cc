#include "service/access/policy_source.h"

#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "service/limits.h"

namespace clockwise {
namespace {

absl::StatusOr<std::string> ReadText(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(limits::kMaxPolicyBytes + 1, '\0');
  if (!in) return absl::InvalidArgumentError(absl::StrCat("no file ", path));
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) {
    return absl::InvalidArgumentError(absl::StrCat("cannot read ", path));
  }
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.size() <= limits::kMaxPolicyBytes) return text;
  return absl::InvalidArgumentError(absl::StrCat(
      path, " is longer than ", limits::kMaxPolicyBytes, " bytes"));
}

}  // namespace

absl::StatusOr<PolicySource::Text> PolicySource::Read(const Files& files) {
  auto policy = ReadText(files.policy);
  if (!policy.ok()) return policy.status();
  Text text{*std::move(policy), ""};
  if (files.tokens.empty()) return text;
  auto tokens = ReadText(files.tokens);
  if (!tokens.ok()) return tokens.status();
  text.tokens = *std::move(tokens);
  return text;
}

absl::StatusOr<std::shared_ptr<PolicySource>> PolicySource::Open(Files files) {
  auto text = Read(files);
  if (!text.ok()) return text.status();
  auto policy = Policy::Parse(text->policy, text->tokens);
  if (!policy.ok()) return policy.status();
  return std::shared_ptr<PolicySource>(
      new PolicySource(std::move(files), *std::move(text), *std::move(policy)));
}

PolicySource::PolicySource(Files files, Text text, Policy policy)
    : files_(std::move(files)),
      text_(std::move(text)),
      current_(std::make_shared<const Policy>(std::move(policy))) {}

std::shared_ptr<const Policy> PolicySource::Current() const {
  MutexLock lock(mu_);
  return current_;
}

PolicySource::Outcome PolicySource::Reload(absl::Status& why) {
  auto text = Read(files_);
  MutexLock lock(mu_);
  if (text.ok() && *text == text_) {
    refused_ = absl::OkStatus();
    return Outcome::kUnchanged;
  }
  absl::StatusOr<Policy> policy =
      text.ok() ? Policy::Parse(text->policy, text->tokens)
                : absl::StatusOr<Policy>(text.status());
  why = policy.status();
  if (!why.ok()) {
    if (why == refused_) return Outcome::kUnchanged;
    refused_ = why;
    ++figures_.refused;
    return Outcome::kRefused;
  }
  refused_ = absl::OkStatus();
  text_ = *std::move(text);
  current_ = std::make_shared<const Policy>(*std::move(policy));
  ++figures_.replaced;
  return Outcome::kReplaced;
}

PolicySource::Figures PolicySource::figures() const {
  MutexLock lock(mu_);
  return figures_;
}

}  // namespace clockwise
