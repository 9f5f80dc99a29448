#include "service/store/memory_store.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "tests/store/store_acceptance.h"
#include "tests/store/store_deletion_acceptance.h"
#include "tests/store/store_exchange_acceptance.h"
#include "tests/store/store_partition_acceptance.h"

namespace clockwise {
namespace {

// A memory store is not durable: Reopen returns the same store.
struct Memory {
  std::shared_ptr<Store> NewStore() { return std::make_shared<MemoryStore>(); }
  std::shared_ptr<Store> Reopen(std::shared_ptr<Store> store) { return store; }
};

INSTANTIATE_TYPED_TEST_SUITE_P(MemoryStore, StoreAcceptance, Memory);
INSTANTIATE_TYPED_TEST_SUITE_P(MemoryStore, StoreDeletionAcceptance, Memory);
INSTANTIATE_TYPED_TEST_SUITE_P(MemoryStore, StoreExchangeAcceptance, Memory);
INSTANTIATE_TYPED_TEST_SUITE_P(MemoryStore, StorePartitionAcceptance, Memory);

}  // namespace
}  // namespace clockwise
