#include "client/lib/bounded_load.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/support/ring_builders.h"

namespace clockwise {
namespace {

client::RingViewPtr View(const RingPtr& ring, uint64_t epoch = 1) {
  return std::make_shared<const client::RingView>(ring, epoch, 7, nullptr);
}

class BoundedLoadTest : public ::testing::Test {
 protected:
  Lease Acquire(const client::RingViewPtr& view, const std::string& key,
                double factor) {
    auto lease = load_->Acquire(view, key, factor);
    EXPECT_TRUE(lease.ok()) << lease.status();
    return *std::move(lease);
  }

  const std::shared_ptr<BoundedLoad> load_ = std::make_shared<BoundedLoad>();
};

TEST_F(BoundedLoadTest, AnIdleRingGivesTheKeysPrimary) {
  const RingPtr ring = NewRing(HashedSpec(50), NewNodes(5));
  for (int i = 0; i < 100; ++i) {
    const std::string key = absl::StrCat("key", i);
    EXPECT_EQ(Acquire(View(ring), key, 1.25).node().id,
              OwnersOf(*ring, key, 1)[0]);
  }
}

// The bound of the paper holds at each moment, also for hot keys.
TEST_F(BoundedLoadTest, NoNodeGetsMoreThanFactorTimesItsDueRoundedUp) {
  std::mt19937_64 random(3);
  for (const double factor : {1.0, 1.1, 1.25, 2.0}) {
    const Nodes nodes = RandomNodes(random, 8, 4, 1);
    const client::RingViewPtr view = View(NewRing(HashedSpec(20), nodes));
    double weights = 0;
    for (size_t i = 0; i < view->size(); ++i) weights += view->node(i).weight;
    std::map<std::string, uint64_t> counts;
    std::vector<Lease> leases;
    for (int i = 0; i < 2000; ++i) {
      if (random() % 3 == 0 && !leases.empty()) {
        const size_t at = random() % leases.size();
        --counts[leases[at].node().id];
        leases.erase(leases.begin() + static_cast<ptrdiff_t>(at));
        continue;
      }
      leases.push_back(
          Acquire(view, absl::StrCat("hot", random() % 2), factor));
      const Node& node = leases.back().node();
      const double due =
          factor * static_cast<double>(leases.size()) * node.weight / weights;
      ASSERT_LE(static_cast<double>(++counts[node.id]), std::ceil(due - 1e-9));
    }
    leases.clear();
  }
}

TEST_F(BoundedLoadTest, OverflowGoesToTheNextNodesClockwise) {
  const RingPtr ring = NewRing(HashedSpec(30), NewNodes(4));
  const client::RingViewPtr view = View(ring);
  const Ids order = OwnersOf(*ring, "hot", 4);
  std::vector<Lease> leases;
  for (size_t i = 0; i < 4; ++i) {
    leases.push_back(Acquire(view, "hot", 1));
    EXPECT_EQ(leases.back().node().id, order[i]);
  }
}

TEST_F(BoundedLoadTest, WhatIsReleasedIsFreeAgain) {
  const client::RingViewPtr view = View(NewRing(HashedSpec(30), NewNodes(4)));
  Lease first = Acquire(view, "hot", 1);
  const std::string id = first.node().id;
  {
    const Lease second = Acquire(view, "hot", 1);
    EXPECT_NE(second.node().id, id);
  }
  first.Release();
  Lease third = Acquire(view, "hot", 1);
  EXPECT_EQ(third.node().id, id);
  Lease moved = std::move(third);
  EXPECT_NE(Acquire(view, "hot", 1).node().id, id)
      << "moving a lease must not release it";
  moved = Lease();
  EXPECT_EQ(Acquire(view, "hot", 1).node().id, id);
}

TEST_F(BoundedLoadTest, CountsStayWhenTheRingChanges) {
  const client::RingViewPtr four = View(NewRing(HashedSpec(30), NewNodes(4)));
  std::vector<Lease> leases;
  for (int i = 0; i < 8; ++i) leases.push_back(Acquire(four, "hot", 1));
  // A new node has no load, so it receives all new keys until it has as much as
  // the others.
  const client::RingViewPtr five =
      View(NewRing(HashedSpec(30), NewNodes(5)), 2);
  std::map<std::string, int> more;
  for (int i = 0; i < 2; ++i) {
    leases.push_back(Acquire(five, "hot", 1));
    ++more[leases.back().node().id];
  }
  EXPECT_EQ(more["node-4"], 2);
  // Load on a node that has left the ring is not part of the mean.
  const client::RingViewPtr one =
      View(NewRing(HashedSpec(30), {NewNode("other")}), 3);
  EXPECT_EQ(Acquire(one, "hot", 1).node().id, "other");
  leases.clear();
}

TEST_F(BoundedLoadTest, ALeaseOutlivesRingAndCounter) {
  auto load = std::make_shared<BoundedLoad>();
  Lease lease =
      *load->Acquire(View(NewRing(HashedSpec(3), NewNodes(2))), "k", 2);
  load.reset();
  EXPECT_FALSE(lease.node().id.empty());
}

TEST_F(BoundedLoadTest, WhatMakesNoSenseIsRefused) {
  const client::RingViewPtr view = View(NewRing(HashedSpec(3), NewNodes(2)));
  for (const double factor : {0.99, -1.0, 1000.5, std::nan("")}) {
    EXPECT_TRUE(
        absl::IsInvalidArgument(load_->Acquire(view, "k", factor).status()));
  }
  EXPECT_TRUE(absl::IsInvalidArgument(
      load_->Acquire(view, std::string(70'000, 'k'), 2).status()));
  EXPECT_TRUE(absl::IsFailedPrecondition(
      load_->Acquire(View(NewRing(HashedSpec(3), {})), "k", 2).status()));
}

TEST_F(BoundedLoadTest, ThreadsTogetherKeepTheBound) {
  const client::RingViewPtr view = View(NewRing(HashedSpec(30), NewNodes(4)));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        const Lease a = Acquire(view, "hot", 1);
        const Lease b = Acquire(view, "hot", 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  // All leases have been released.
  std::map<std::string, int> counts;
  std::vector<Lease> leases;
  for (int i = 0; i < 8; ++i) {
    leases.push_back(Acquire(view, "hot", 1));
    EXPECT_LE(++counts[leases.back().node().id], 2);
  }
}

}  // namespace
}  // namespace clockwise
