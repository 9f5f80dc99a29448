#include "tests/metrics/scraped.h"

#include <gtest/gtest.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/metrics/exposition.h"

namespace clockwise {

absl::StatusOr<std::vector<StoredRing>> FickleStore::LoadAll() {
  return memory_.LoadAll();
}
absl::StatusOr<StoredRing> FickleStore::Load(absl::string_view ring) {
  return memory_.Load(ring);
}
absl::StatusOr<RingHead> FickleStore::Head(absl::string_view ring) {
  return memory_.Head(ring);
}
absl::Status FickleStore::Import(const StoredRing& ring) {
  return memory_.Import(ring);
}
absl::Status FickleStore::DeleteIfOpen(const Deletion& deletion,
                                       const StillOpen& open) {
  if (!refusal.ok()) return refusal;
  return memory_.Delete(deletion, open);
}
absl::Status FickleStore::UndeleteIfOpen(const Commit& commit,
                                         const StillOpen& open) {
  return memory_.Undelete(commit, open);
}
absl::StatusOr<std::vector<DeletedRing>> FickleStore::Deleted() {
  return memory_.Deleted();
}
absl::StatusOr<StoredRing> FickleStore::LoadDeleted(absl::string_view ring,
                                                    uint64_t incarnation) {
  return memory_.LoadDeleted(ring, incarnation);
}
absl::Status FickleStore::Purge(const DeletedRing& ring) {
  return memory_.Purge(ring);
}
absl::Status FickleStore::Apply(const Commit& commit) {
  return memory_.Apply(commit);
}

Scraped::Scraped(size_t max_node_series, MetricNames names) {
  Membership::Options options;
  options.store = &store;
  options.now = [] { return absl::UnixEpoch(); };
  options.random = [last = uint64_t{0}]() mutable { return ++last; };
  membership = Membership::Open(std::move(options)).value();
  MetricsCollector::Options collected;
  collected.membership = membership.get();
  collected.rpc_stats = &rpc_stats;
  collected.watch_figures = [this] { return watch_figures; };
  collected.max_node_series = max_node_series;
  collected.names = names;
  collected.build_info = {{"version", "1.2.3"}, {"revision", "\"a\\b\"\nc"}};
  collector = std::make_unique<MetricsCollector>(std::move(collected));
  CreateRing("default");
}

std::string Scraped::Text() const {
  return ExpositionText(collector->Collect());
}

Series Scraped::Scrape() const {
  Series series;
  const std::vector<std::string> lines =
      absl::StrSplit(Text(), '\n', absl::SkipEmpty());
  for (const std::string& line : lines) {
    if (line.front() == '#') continue;
    const size_t space = line.rfind(' ');
    double value = 0;
    EXPECT_TRUE(absl::SimpleAtod(line.substr(space + 1), &value)) << line;
    EXPECT_TRUE(series.emplace(line.substr(0, space), value).second)
        << "twice: " << line;
  }
  return series;
}

void Scraped::CreateRing(const std::string& name, uint32_t replicas) {
  v1::RingSpec spec;
  spec.set_name(name);
  spec.set_replica_count(replicas);
  const auto created = membership->CreateRing(spec);
  ASSERT_TRUE(created.ok()) << created.status();
}

void Scraped::CreatePartitioned(const std::string& name, uint32_t bits,
                                uint32_t replicas) {
  v1::RingSpec spec;
  spec.set_name(name);
  spec.set_layout(v1::LAYOUT_PARTITIONED);
  spec.set_partition_bits(bits);
  spec.set_replica_count(replicas);
  const auto created = membership->CreateRing(spec);
  ASSERT_TRUE(created.ok()) << created.status();
}

StatePtr Scraped::Add(const std::string& ring,
                      const std::vector<std::string>& ids) {
  std::vector<v1::NodeChange> changes;
  for (const std::string& id : ids) changes.push_back(AddOf(id));
  return Apply(ring, std::move(changes));
}

StatePtr Scraped::Remove(const std::string& ring,
                         const std::vector<std::string>& ids) {
  std::vector<v1::NodeChange> changes;
  for (const std::string& id : ids) changes.push_back(RemoveOf(id));
  return Apply(ring, std::move(changes));
}

StatePtr Scraped::Apply(const std::string& ring,
                        std::vector<v1::NodeChange> changes) {
  ChangeRequest request;
  request.ring = ring;
  request.changes = std::move(changes);
  const auto change = membership->Apply(request);
  EXPECT_TRUE(change.ok()) << change.status();
  return membership->Find(ring).value();
}

v1::NodeChange AddOf(const std::string& id, uint32_t weight,
                     const std::string& zone) {
  v1::NodeChange change;
  change.mutable_add()->set_id(id);
  change.mutable_add()->set_weight(weight);
  change.mutable_add()->set_zone(zone);
  return change;
}

v1::NodeChange RemoveOf(const std::string& id) {
  v1::NodeChange change;
  change.set_remove(id);
  return change;
}

v1::NodeChange UpdateOf(const std::string& id, uint32_t weight) {
  v1::NodeChange change;
  change.mutable_update()->mutable_node()->set_id(id);
  change.mutable_update()->mutable_node()->set_weight(weight);
  return change;
}

Series Named(const Series& series, const std::string& name) {
  Series named;
  for (const auto& [key, value] : series) {
    if (key == name || absl::StartsWith(key, absl::StrCat(name, "{"))) {
      named.emplace(key, value);
    }
  }
  return named;
}

}  // namespace clockwise
