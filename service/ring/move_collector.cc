#include "service/ring/move_collector.h"

#include <algorithm>
#include <string>
#include <tuple>

#include "service/limits.h"
#include "service/ring/node_list.h"

namespace clockwise {
namespace {

absl::uint128 CircleSize() { return absl::MakeUint128(1, 0); }

}  // namespace

MoveCollector::MoveCollector(const Ring& before, const Ring& after,
                             size_t owners_after, size_t max_moves)
    : before_(before),
      after_(after),
      indexes_after_(IndexesAfter(before.nodes(), after.nodes())),
      owners_after_(owners_after),
      max_moves_(max_moves) {}

void MoveCollector::Add(uint64_t start, uint64_t end,
                        std::span<const uint32_t> from,
                        std::span<const uint32_t> to) {
  if (Same(from, to)) return;
  const uint64_t arc = end - start;
  const absl::uint128 width = arc == 0 ? CircleSize() : absl::uint128(arc);
  const absl::uint128 units = width * CountTransfers(width, from, to);
  moved_ += units;
  if (!from.empty() && !to.empty() && indexes_after_[from[0]] != to[0] &&
      Owned(from, to[0])) {
    handover_ += width;
  }
  if (Extends(start, from, to)) {
    run_end_ = end;
    run_units_ += units;
    return;
  }
  Flush();
  open_ = true;
  run_start_ = start;
  run_end_ = end;
  run_units_ = units;
  run_from_.assign(from.begin(), from.end());
  run_to_.assign(to.begin(), to.end());
}

void MoveCollector::Finish(Comparison& comparison) {
  Flush();
  JoinAtTheWrap();
  if (moves_.size() > max_moves_) {
    moves_.resize(max_moves_);
    truncated_ = true;
  }
  comparison.moves = std::move(moves_);
  comparison.moves_truncated = truncated_;
  comparison.moved_ratio = RatioOf(moved_, CircleSize());
  comparison.handover_ratio =
      static_cast<double>(handover_) / static_cast<double>(CircleSize());
  ListTransfers(CircleSize(), comparison);
}

bool MoveCollector::Same(std::span<const uint32_t> from,
                         std::span<const uint32_t> to) const {
  return std::equal(
      from.begin(), from.end(), to.begin(), to.end(),
      [&](uint32_t was, uint32_t is) { return indexes_after_[was] == is; });
}

// Checks whether one of `from` is the node `is` of the ring after.
bool MoveCollector::Owned(std::span<const uint32_t> from, uint32_t is) const {
  return std::any_of(from.begin(), from.end(),
                     [&](uint32_t was) { return indexes_after_[was] == is; });
}

// Counts the nodes of `to` that did not own the arc before. Each is paired, in
// the order of owners, with one that no longer owns it.
uint32_t MoveCollector::CountTransfers(absl::uint128 width,
                                       std::span<const uint32_t> from,
                                       std::span<const uint32_t> to) {
  uint32_t gained = 0;
  size_t next = 0;
  for (const uint32_t is : to) {
    if (Owned(from, is)) continue;
    ++gained;
    if (max_moves_ == 0) continue;
    while (next < from.size() &&
           std::find(to.begin(), to.end(), indexes_after_[from[next]]) !=
               to.end()) {
      ++next;
    }
    transfers_[{next < from.size() ? from[next++] : kGone, is}] += width;
  }
  return gained;
}

bool MoveCollector::Extends(uint64_t start, std::span<const uint32_t> from,
                            std::span<const uint32_t> to) const {
  return open_ && run_end_ == start &&
         std::equal(from.begin(), from.end(), run_from_.begin(),
                    run_from_.end()) &&
         std::equal(to.begin(), to.end(), run_to_.begin(), run_to_.end());
}

double MoveCollector::RatioOf(absl::uint128 units, absl::uint128 whole) const {
  if (owners_after_ == 0) return 0;
  return static_cast<double>(units) /
         static_cast<double>(whole * owners_after_);
}

void MoveCollector::Flush() {
  if (!std::exchange(open_, false)) return;
  // Keeps one more than requested: it may be merged with the first at the end.
  if (moves_.size() > max_moves_) {
    truncated_ = true;
    return;
  }
  v1::Move& move = moves_.emplace_back();
  move.set_start(run_start_);
  move.set_end(run_end_);
  move.set_ratio(RatioOf(run_units_, CircleSize()));
  for (const uint32_t was : run_from_) {
    move.add_from_ids(before_.nodes()[was]->id());
  }
  for (const uint32_t is : run_to_) move.add_to_ids(after_.nodes()[is]->id());
}

// Merges the last move with the first, which may wrap past 0. The first arc
// wraps, so a move that ends at its start is added last.
void MoveCollector::JoinAtTheWrap() {
  if (truncated_ || moves_.size() < 2) return;
  v1::Move& first = moves_.front();
  const v1::Move& last = moves_.back();
  if (last.end() != first.start() ||
      !std::equal(last.from_ids().begin(), last.from_ids().end(),
                  first.from_ids().begin(), first.from_ids().end()) ||
      !std::equal(last.to_ids().begin(), last.to_ids().end(),
                  first.to_ids().begin(), first.to_ids().end())) {
    return;
  }
  first.set_start(last.start());
  first.set_ratio(first.ratio() + last.ratio());
  moves_.pop_back();
}

void MoveCollector::ListTransfers(absl::uint128 whole,
                                  Comparison& comparison) const {
  std::vector<v1::Transfer>& transfers = comparison.transfers;
  transfers.reserve(transfers_.size());
  for (const auto& [nodes, units] : transfers_) {
    v1::Transfer& transfer = transfers.emplace_back();
    if (nodes.first != kGone) {
      transfer.set_from_id(before_.nodes()[nodes.first]->id());
    }
    transfer.set_to_id(after_.nodes()[nodes.second]->id());
    transfer.set_ratio(RatioOf(units, whole));
  }
  std::sort(transfers.begin(), transfers.end(),
            [](const v1::Transfer& a, const v1::Transfer& b) {
              return std::make_tuple(-a.ratio(), absl::string_view(a.from_id()),
                                     absl::string_view(a.to_id())) <
                     std::make_tuple(-b.ratio(), absl::string_view(b.from_id()),
                                     absl::string_view(b.to_id()));
            });
  if (transfers.size() <= limits::kMaxTransfers) return;
  transfers.resize(limits::kMaxTransfers);
  comparison.transfers_truncated = true;
}

}  // namespace clockwise
