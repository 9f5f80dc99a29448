// Where rings are durable, as both programs are told it: the flags of the
// stores, and the store that they name.
#ifndef CLOCKWISE_SERVICE_SERVER_STORE_OPTIONS_H_
#define CLOCKWISE_SERVICE_SERVER_STORE_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/store/store.h"

namespace clockwise {

// Of an etcd, whichever endpoints it has.
struct EtcdFlags {
  std::string prefix = "/clockwise/";
  std::string cacert;  // file; empty, with the next two: no TLS
  std::string cert;    // file
  std::string key;     // file
  std::string user;    // empty: etcd asks for none
  std::string password;
  std::string password_file;  // its first line; instead of the password
};

// Adds --etcd-prefix and its kin.
void AddEtcdFlags(CLI::App& app, EtcdFlags& flags);

inline constexpr const char* kStoreForms =
    "sqlite:PATH, etcd:HOST:PORT[,HOST:PORT...], or memory: (not durable)";

// Whether `location` is an etcd: a store that other servers may share, and that
// is opened without being reached.
bool IsEtcd(absl::string_view location);

// Opens the store at `location`; with `must_exist` no file is created.
// InvalidArgument: it is none of kStoreForms, or a flag makes no sense; else
// the store's own failures. One line for people.
absl::StatusOr<std::unique_ptr<Store>> OpenStore(absl::string_view location,
                                                 const EtcdFlags& flags,
                                                 bool must_exist = false);

// Whether OpenStore understands both, and the files that they name are in
// order; no store is opened. InvalidArgument.
[[nodiscard]] absl::Status CheckStore(absl::string_view location,
                                      const EtcdFlags& flags);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_SERVER_STORE_OPTIONS_H_
