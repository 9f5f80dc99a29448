// Opens stores on the etcd that all tests of the process share.
#ifndef CLOCKWISE_TESTS_STORE_ETCD_TESTING_H_
#define CLOCKWISE_TESTS_STORE_ETCD_TESTING_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/store/etcd/etcd_store.h"
#include "tests/store/etcd_process.h"

namespace clockwise {

// Returns a prefix that no other test uses.
inline std::string NewPrefix() {
  static std::atomic<int> number = 0;
  return absl::StrCat("/test/", ++number, "/");
}

// Waits until `condition` is true. Returns false if it is not within 30 s.
inline bool Eventually(const std::function<bool()>& condition) {
  const auto until =
      std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

inline EtcdStore::Options EtcdOptions(
    const std::string& prefix, const std::vector<std::string>& endpoints,
    std::chrono::milliseconds timeout = std::chrono::seconds(5)) {
  EtcdStore::Options options;
  options.client.endpoints = endpoints;
  options.client.credentials = CredentialsSource::Plaintext();
  options.client.timeout = timeout;
  options.prefix = prefix;
  options.random = [] {
    static std::atomic<uint64_t> state = std::random_device{}();
    return state += 0x9e3779b97f4a7c15;
  };
  return options;
}

inline std::shared_ptr<EtcdStore> OpenEtcd(const std::string& prefix) {
  return std::make_shared<EtcdStore>(
      EtcdOptions(prefix, {EtcdProcess::Shared().address()}));
}

// Returns the shared etcd's response about the keys that begin with `prefix`.
inline etcdserverpb::RangeResponse CountOf(const std::string& prefix) {
  EtcdClient client(EtcdOptions("/", {EtcdProcess::Shared().address()}).client);
  const EtcdRange range = Under(prefix);
  etcdserverpb::RangeRequest request;
  request.set_key(range.begin);
  request.set_range_end(range.end);
  request.set_count_only(true);
  etcdserverpb::RangeResponse response;
  EXPECT_OK(client.Range(request, response));
  return response;
}
inline int64_t CountKeys(const std::string& prefix) {
  return CountOf(prefix).count();
}
inline int64_t NewestRevision() { return CountOf("/").header().revision(); }

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_STORE_ETCD_TESTING_H_
