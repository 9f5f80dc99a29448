// A real etcd of one member on loopback, with its data in a temporary folder.
// The destructor ends both.
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
  void Kill();   // like kill -9
  void Start();  // on the same address and data
  // Change the data between Kill and Start: remove it, move it away, or replace
  // it by the data that was moved away.
  void Empty() const;
  void MoveAway() const;
  void MoveBack() const;
  void Pause();
  void Resume();
  // Sends a request to the JSON gateway; returns the body of the response.
  std::string Post(const std::string& path, const std::string& body) const;

  // Returns an etcd that all tests of the process share; each uses its own
  // prefix.
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
