// Runs the acceptance suites against a real etcd.
#include "service/store/etcd/etcd_store.h"

#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "tests/store/etcd_testing.h"
#include "tests/store/store_acceptance.h"
#include "tests/store/store_deletion_acceptance.h"
#include "tests/store/store_exchange_acceptance.h"
#include "tests/store/store_partition_acceptance.h"

namespace clockwise {
namespace {

struct Etcd {
  std::shared_ptr<Store> NewStore() { return OpenEtcd(prefix); }
  std::shared_ptr<Store> Reopen(std::shared_ptr<Store>) {
    return OpenEtcd(prefix);
  }
  std::string prefix = NewPrefix();
};

INSTANTIATE_TYPED_TEST_SUITE_P(EtcdStore, StoreAcceptance, Etcd);
INSTANTIATE_TYPED_TEST_SUITE_P(EtcdStore, StoreDeletionAcceptance, Etcd);
INSTANTIATE_TYPED_TEST_SUITE_P(EtcdStore, StoreExchangeAcceptance, Etcd);
INSTANTIATE_TYPED_TEST_SUITE_P(EtcdStore, StorePartitionAcceptance, Etcd);

}  // namespace
}  // namespace clockwise
