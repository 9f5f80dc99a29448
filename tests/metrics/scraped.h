// The core of a server without its RPC and HTTP servers, and the metrics that
// Prometheus reads of it. Thread-compatible, except for Scrape.
#ifndef CLOCKWISE_TESTS_METRICS_SCRAPED_H_
#define CLOCKWISE_TESTS_METRICS_SCRAPED_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "service/membership/membership.h"
#include "service/metrics/collector.h"
#include "service/metrics/rpc_stats.h"
#include "service/store/memory_store.h"

namespace clockwise {

// A memory store that can report that it is down.
class FickleStore final : public Store {
 public:
  absl::StatusOr<std::vector<StoredRing>> LoadAll() override;
  absl::StatusOr<StoredRing> Load(absl::string_view ring) override;
  absl::StatusOr<RingHead> Head(absl::string_view ring) override;
  absl::Status Import(const StoredRing& ring) override;
  absl::Status Apply(const Commit& commit) override;
  absl::StatusOr<std::vector<DeletedRing>> Deleted() override;
  absl::StatusOr<StoredRing> LoadDeleted(absl::string_view ring,
                                         uint64_t incarnation) override;
  absl::Status Purge(const DeletedRing& ring) override;
  bool up() const override { return is_up; }
  absl::Status Trust() const override { return trust; }
  Rejections rejections() const override { return {rejected, ""}; }

  bool is_up = true;
  absl::Status trust;
  absl::Status refusal;  // of all deletions
  uint64_t rejected = 0;

 private:
  absl::Status DeleteIfOpen(const Deletion& deletion,
                            const StillOpen& open) override;
  absl::Status UndeleteIfOpen(const Commit& commit,
                              const StillOpen& open) override;

  MemoryStore memory_;
};

// The scraped metrics: `name{label="value",…}` as in the text, and the value.
// Two with the same name and labels fail the test.
using Series = std::map<std::string, double>;

struct Scraped {
  explicit Scraped(size_t max_node_series = limits::kMaxNodeSeries,
                   MetricNames names = MetricNames::kOn);

  std::string Text() const;
  Series Scrape() const;

  void CreateRing(const std::string& name, uint32_t replicas = 1);
  // Creates a ring with 2^`bits` partitions.
  void CreatePartitioned(const std::string& name, uint32_t bits,
                         uint32_t replicas);
  // Each changes `ring` and returns its newest state.
  StatePtr Add(const std::string& ring, const std::vector<std::string>& ids);
  StatePtr Remove(const std::string& ring, const std::vector<std::string>& ids);
  StatePtr Apply(const std::string& ring, std::vector<v1::NodeChange> changes);

  FickleStore store;
  RpcStats rpc_stats;
  WatchFigures watch_figures;
  std::unique_ptr<Membership> membership;
  std::unique_ptr<MetricsCollector> collector;
};

v1::NodeChange AddOf(const std::string& id, uint32_t weight = 1,
                     const std::string& zone = "");
v1::NodeChange RemoveOf(const std::string& id);
v1::NodeChange UpdateOf(const std::string& id, uint32_t weight);

// Returns the series named `name`.
Series Named(const Series& series, const std::string& name);

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_METRICS_SCRAPED_H_
