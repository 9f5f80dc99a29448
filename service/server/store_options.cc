#include "service/server/store_options.h"

#include <functional>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "service/api/listen_address.h"
#include "service/channel/credentials_source.h"
#include "service/limits.h"
#include "service/runtime/log.h"
#include "service/runtime/reloadable_files.h"
#include "service/store/etcd/etcd_store.h"
#include "service/store/memory_store.h"
#include "service/store/sqlite/sqlite_store.h"

namespace clockwise {
namespace {

uint64_t RandomNumber() {
  std::random_device device;
  return uint64_t{device()} << 32 | device();
}

void LogReload(const absl::Status& outcome) {
  if (outcome.ok()) {
    LogInfo("certificates for etcd reloaded");
  } else {
    LogWarning("certificates for etcd not reloaded: the previous ones are kept",
               {{"why", std::string(outcome.message())}});
  }
}

absl::StatusOr<std::shared_ptr<CredentialsSource>> EtcdCredentials(
    const EtcdFlags& flags) {
  if (flags.cacert.empty() && flags.cert.empty() && flags.key.empty()) {
    return CredentialsSource::Plaintext();
  }
  if (flags.cacert.empty() || flags.cert.empty() != flags.key.empty()) {
    return absl::InvalidArgumentError(
        "--etcd-cacert, --etcd-cert, --etcd-key: set --etcd-cacert alone, or "
        "all three");
  }
  auto credentials = CredentialsSource::Open(
      {flags.cert, flags.key, flags.cacert}, /*token_file=*/"", LogReload);
  if (credentials.ok()) return credentials;
  return absl::InvalidArgumentError(
      absl::StrCat("--etcd-cacert, --etcd-cert, --etcd-key: ",
                   credentials.status().message()));
}

using PasswordFile = ReloadableFiles<std::string>;

// Returns the first line of the password file, without its line break.
absl::StatusOr<std::string> ParsePassword(const std::string& path,
                                          absl::string_view text) {
  absl::string_view line = text.substr(0, text.find('\n'));
  absl::ConsumeSuffix(&line, "\r");
  if (!line.empty() && line.size() <= limits::kMaxEtcdPasswordBytes) {
    return std::string(line);
  }
  return absl::InvalidArgumentError(
      absl::StrCat(path, ":1: the password has ", line.size(),
                   " bytes; write a password of 1 to ",
                   limits::kMaxEtcdPasswordBytes, " bytes there"));
}

// Reads the file again, and returns the last valid password.
std::string NewestPassword(PasswordFile& file) {
  absl::Status why;
  switch (file.Reload(why)) {
    case PasswordFile::Outcome::kReplaced:
      LogInfo("reloaded", {{"what", "password for etcd"}});
      break;
    case PasswordFile::Outcome::kRefused:
      LogWarning(
          "reload rejected: the file is not valid; the previous one is kept",
          {{"what", "password for etcd"}, {"why", std::string(why.message())}});
      break;
    case PasswordFile::Outcome::kUnchanged:
      break;
  }
  return *file.Current();
}

absl::StatusOr<std::function<std::string()>> Password(const EtcdFlags& flags) {
  if (flags.password_file.empty()) {
    return [password = flags.password] { return password; };
  }
  const std::string& path = flags.password_file;
  auto file = PasswordFile::Open({path}, limits::kMaxPemBytes,
                                 [path](const PasswordFile::Texts& texts) {
                                   return ParsePassword(path, texts.front());
                                 });
  if (!file.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--etcd-password-file: ", file.status().message()));
  }
  return [file = *std::move(file)] { return NewestPassword(*file); };
}

absl::Status CheckEndpoints(const std::vector<std::string>& endpoints) {
  if (endpoints.size() > limits::kMaxEtcdEndpoints) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--store: ", endpoints.size(), " endpoints of etcd; at most ",
        limits::kMaxEtcdEndpoints));
  }
  for (const std::string& endpoint : endpoints) {
    const auto address = ParseListenAddress(endpoint);
    if (!address.ok() || address->port == 0) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--store: endpoint \"", endpoint,
          "\" of etcd is not HOST:PORT with a port from 1 to 65535"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<EtcdStore::Options> EtcdOptions(absl::string_view endpoints,
                                               const EtcdFlags& flags) {
  EtcdStore::Options options;
  options.client.endpoints = absl::StrSplit(endpoints, ',');
  absl::Status status = CheckEndpoints(options.client.endpoints);
  if (!status.ok()) return status;
  if (flags.prefix.empty() || flags.prefix.back() != '/' ||
      flags.prefix.size() > limits::kMaxEtcdPrefixBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--etcd-prefix: \"", flags.prefix, "\" must end in / and have at most ",
        limits::kMaxEtcdPrefixBytes, " bytes"));
  }
  auto credentials = EtcdCredentials(flags);
  if (!credentials.ok()) return credentials.status();
  auto password = Password(flags);
  if (!password.ok()) return password.status();
  options.prefix = flags.prefix;
  options.random = RandomNumber;
  options.client.credentials = *std::move(credentials);
  options.client.user = flags.user;
  options.client.password = *std::move(password);
  return options;
}

absl::Status NoStore(absl::string_view location) {
  return absl::InvalidArgumentError(absl::StrCat(
      "--store: \"", location, "\" is not valid; use ", kStoreForms));
}

}  // namespace

void AddEtcdFlags(CLI::App& app, EtcdFlags& flags) {
  app.add_option("--etcd-prefix", flags.prefix,
                 "Prefix of all keys in etcd; ends in /")
      ->type_name("PREFIX")
      ->capture_default_str();
  app.add_option("--etcd-cacert", flags.cacert,
                 "CA certificates of etcd (PEM); enables TLS to etcd")
      ->type_name("FILE");
  app.add_option("--etcd-cert", flags.cert, "Client certificate for etcd (PEM)")
      ->type_name("FILE");
  app.add_option("--etcd-key", flags.key, "Private key of --etcd-cert (PEM)")
      ->type_name("FILE");
  app.add_option("--etcd-user", flags.user, "User name for etcd")
      ->type_name("NAME");
  // Other users can read command lines, so the password can also be set in the
  // environment or in a file.
  app.add_option("--etcd-password", flags.password,
                 "Password for etcd; CLOCKWISE_ETCD_PASSWORD or "
                 "--etcd-password-file hides it from other users")
      ->type_name("PASSWORD")
      ->envname("CLOCKWISE_ETCD_PASSWORD");
  app.add_option("--etcd-password-file", flags.password_file,
                 "File whose first line is the password for etcd")
      ->type_name("FILE");
}

bool IsEtcd(absl::string_view location) {
  return absl::ConsumePrefix(&location, "etcd:");
}

absl::StatusOr<std::unique_ptr<Store>> OpenStore(absl::string_view location,
                                                 const EtcdFlags& flags,
                                                 bool must_exist) {
  if (location == "memory:") return std::make_unique<MemoryStore>();
  absl::string_view rest = location;
  if (absl::ConsumePrefix(&rest, "sqlite:") && !rest.empty()) {
    SqliteStore::Options options;
    options.must_exist = must_exist;
    return SqliteStore::Open(rest, options);
  }
  if (!absl::ConsumePrefix(&rest, "etcd:")) return NoStore(location);
  auto etcd = EtcdOptions(rest, flags);
  if (!etcd.ok()) return etcd.status();
  return std::make_unique<EtcdStore>(*std::move(etcd));
}

absl::Status CheckStore(absl::string_view location, const EtcdFlags& flags,
                        bool must_exist) {
  if (location == "memory:") return absl::OkStatus();
  absl::string_view rest = location;
  if (absl::ConsumePrefix(&rest, "sqlite:") && !rest.empty()) {
    SqliteStore::Options options;
    options.must_exist = must_exist;
    return SqliteStore::CheckPath(rest, options);
  }
  if (absl::ConsumePrefix(&rest, "etcd:")) {
    return EtcdOptions(rest, flags).status();
  }
  return NoStore(location);
}

}  // namespace clockwise
