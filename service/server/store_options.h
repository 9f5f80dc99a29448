// The flags of the stores, and functions that open the store that they select.
// Both programs use them. Stateless.
#ifndef CLOCKWISE_SERVICE_SERVER_STORE_OPTIONS_H_
#define CLOCKWISE_SERVICE_SERVER_STORE_OPTIONS_H_

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/store/store.h"

namespace clockwise {

// The flags for etcd. --store has its endpoints.
struct EtcdFlags {
  std::string prefix = "/clockwise/";
  std::string cacert;  // file; if all three files are empty: no TLS
  std::string cert;    // file
  std::string key;     // file
  std::string user;    // empty: no authentication
  std::string password;
  std::string password_file;  // its first line replaces `password`
};

// Adds --etcd-prefix and the other flags for etcd.
void AddEtcdFlags(CLI::App& app, EtcdFlags& flags);

inline constexpr const char* kStoreForms =
    "sqlite:PATH, etcd:HOST:PORT[,HOST:PORT...], or memory: (not durable)";

// True if `location` is an etcd. Other servers may share it, and OpenStore does
// not connect to it.
bool IsEtcd(absl::string_view location);

// Opens the store at `location`. With `must_exist`, creates no file.
// INVALID_ARGUMENT: `location` has none of the forms of kStoreForms, or a flag
// is not valid. Other failures are those of the store. Messages have one line.
absl::StatusOr<std::unique_ptr<Store>> OpenStore(absl::string_view location,
                                                 const EtcdFlags& flags,
                                                 bool must_exist = false);

// Checks `location`, the flags and the files that they name, without opening a
// store and without creating a file. Failures are those of OpenStore.
[[nodiscard]] absl::Status CheckStore(absl::string_view location,
                                      const EtcdFlags& flags, bool must_exist);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_SERVER_STORE_OPTIONS_H_
