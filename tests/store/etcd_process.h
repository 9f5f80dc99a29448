// A real etcd of one member, on loopback, in a temporary folder, ended with it.
#ifndef CLOCKWISE_TESTS_STORE_ETCD_PROCESS_H_
#define CLOCKWISE_TESTS_STORE_ETCD_PROCESS_H_

#include <sys/types.h>

#include <string>

#include "tests/store/store_testing.h"

namespace clockwise {

class EtcdProcess {
 public:
  explicit EtcdProcess(int64_t quota_bytes = 256 * 1024 * 1024);
  ~EtcdProcess();
  EtcdProcess(const EtcdProcess&) = delete;
  EtcdProcess& operator=(const EtcdProcess&) = delete;

  const std::string& address() const { return address_; }
  void Kill();   // as kill -9
  void Start();  // on the same address and data
  void Pause();
  void Resume();
  // Of a request to the JSON gateway, as curl would print the answer.
  std::string Post(const std::string& path, const std::string& body) const;

  // One for all tests of the process; each takes a prefix of its own.
  static EtcdProcess& Shared();

 private:
  bool Healthy() const;

  TemporaryFolder folder_{FastParent()};
  const int64_t quota_bytes_;
  std::string address_;
  std::string peer_;
  pid_t pid_ = 0;
};

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_STORE_ETCD_PROCESS_H_
