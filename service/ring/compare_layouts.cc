#include "service/ring/compare_layouts.h"

#include <algorithm>
#include <utility>

#include "service/limits.h"
#include "service/ring/next_ring.h"

namespace clockwise {
namespace {

// Maximum number of pairs of nodes for which transfers are computed.
constexpr size_t kMostPairs = 4'000'000;

double Part(absl::uint128 owned, absl::uint128 whole) {
  return static_cast<double>(owned) / static_cast<double>(whole);
}

// Returns the fraction of hash space × owners whose new owner did not own it
// before.
double MovedRatio(const Ring& before, const Ownership& was, const Ring& after,
                  const Ownership& is) {
  double kept = 0;
  for (size_t j = 0; j < after.nodes().size(); ++j) {
    const std::string& id = after.nodes()[j]->id();
    const size_t i = LowerBound(before.nodes(), id);
    if (i == before.nodes().size() || before.nodes()[i]->id() != id) continue;
    kept += Part(is.owned[j], is.whole) / static_cast<double>(is.owners) *
            Part(was.owned[i], was.whole);
  }
  return 1 - kept;
}

void AddTransfers(const Ring& before, const Ownership& was, const Ring& after,
                  const Ownership& is, Comparison& comparison) {
  if (before.nodes().size() * after.nodes().size() > kMostPairs) {
    comparison.transfers_truncated = true;
    return;
  }
  for (size_t i = 0; i < before.nodes().size(); ++i) {
    for (size_t j = 0; j < after.nodes().size(); ++j) {
      if (before.nodes()[i]->id() == after.nodes()[j]->id()) continue;
      v1::Transfer transfer;
      transfer.set_from_id(before.nodes()[i]->id());
      transfer.set_to_id(after.nodes()[j]->id());
      transfer.set_ratio(Part(was.primaries[i], was.whole) *
                         Part(is.primaries[j], is.whole));
      comparison.transfers.push_back(std::move(transfer));
    }
  }
  std::stable_sort(comparison.transfers.begin(), comparison.transfers.end(),
                   [](const v1::Transfer& a, const v1::Transfer& b) {
                     return a.ratio() > b.ratio();
                   });
  if (comparison.transfers.size() <= limits::kMaxTransfers) return;
  comparison.transfers.resize(limits::kMaxTransfers);
  comparison.transfers_truncated = true;
}

}  // namespace

Comparison CompareLayouts(const Ring& before, const Ownership& before_ownership,
                          const Ring& after, const Ownership& after_ownership) {
  if (HashAlike(before, after)) {
    return Compare(before, before_ownership, after, after_ownership,
                   limits::kMaxMoves);
  }
  Comparison comparison;
  if (after.nodes().empty()) return comparison;
  comparison.moves_truncated = true;
  if (before.nodes().empty()) {
    comparison.moved_ratio = 1;
    return comparison;
  }
  comparison.moved_ratio =
      MovedRatio(before, before_ownership, after, after_ownership);
  AddTransfers(before, before_ownership, after, after_ownership, comparison);
  return comparison;
}

}  // namespace clockwise
