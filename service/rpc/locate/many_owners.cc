#include "service/rpc/locate/many_owners.h"

#include <algorithm>

namespace clockwise {
namespace {

// NodeNumbers numbers the nodes of an answer in the order of their first use.
// Each thread reuses one object, so that no call clears a table of all nodes.
class NodeNumbers {
 public:
  // Returns this thread's object for a new answer, for a ring of `nodes` nodes.
  static NodeNumbers& For(size_t nodes) {
    static thread_local NodeNumbers numbers;
    if (numbers.of_node_.size() < nodes) numbers.of_node_.resize(nodes);
    if (++numbers.answer_ == 0) {  // after 2^32 answers: clear the table
      numbers.of_node_.assign(numbers.of_node_.size(), {});
      numbers.answer_ = 1;
    }
    numbers.named_.clear();
    return numbers;
  }

  uint32_t Of(uint32_t node) { return At(node).number; }
  // Returns the number of `node`, and counts a key of which it is the primary.
  uint32_t OfPrimary(uint32_t node) {
    Entry& entry = At(node);
    ++entry.keys;
    return entry.number;
  }
  // Returns the nodes in the order of their numbers.
  const std::vector<uint32_t>& named() const { return named_; }
  uint32_t keys(uint32_t node) const { return of_node_[node].keys; }

 private:
  struct Entry {
    uint32_t answer = 0;  // the answer in which `number` is valid
    uint32_t number = 0;
    uint32_t keys = 0;
  };
  Entry& At(uint32_t node) {
    Entry& entry = of_node_[node];
    if (entry.answer != answer_) {
      entry = {answer_, static_cast<uint32_t>(named_.size()), 0};
      named_.push_back(node);
    }
    return entry;
  }

  std::vector<Entry> of_node_;
  std::vector<uint32_t> named_;
  uint32_t answer_ = 0;
};

}  // namespace

size_t SizeOf(const OwnerBytes& bytes, std::span<const uint32_t> nodes) {
  size_t size = nodes.size();
  for (const uint32_t node : nodes) size += bytes[node].size();
  return size;
}

void WriteOwners(int field, const OwnerBytes& bytes,
                 std::span<const uint32_t> nodes, AnswerWriter& writer) {
  for (const uint32_t node : nodes) writer.Delimited(field, bytes[node]);
}

ManyOwners::ManyOwners(const RingState& state, const LocateQuery& query,
                       const Fields& fields, Count count)
    : state_(state),
      fields_(fields),
      of_key_(state.ring(), query.replicas),
      packed_(query.keys.size() * of_key_.count()) {
  NodeNumbers& numbers = NodeNumbers::For(state.ring().nodes().size());
  if (of_key_.count() == 1) {
    std::array<uint32_t, Ring::kAtOnce> primaries;
    for (size_t first = 0; first < query.keys.size(); first += Ring::kAtOnce) {
      const auto keys =
          std::span(query.keys)
              .subspan(first)
              .first(std::min(Ring::kAtOnce, query.keys.size() - first));
      state.ring().PrimariesOf(keys, std::span(primaries).first(keys.size()));
      for (size_t i = 0; i < keys.size(); ++i) {
        packed_.Add(numbers.OfPrimary(primaries[i]));
      }
    }
  } else {
    for (const absl::string_view key : query.keys) {
      if (query.stopped != nullptr && query.stopped()) {
        stopped_ = true;
        return;
      }
      const std::span<const uint32_t> owners = of_key_.Of(key);
      packed_.Add(numbers.OfPrimary(owners[0]));
      for (const uint32_t node : owners.subspan(1)) {
        packed_.Add(numbers.Of(node));
      }
    }
  }
  NoteWalks(state, of_key_);
  named_ = numbers.named();
  if (count == Count::kNo) return;
  for (const uint32_t node : named_) {
    // Nodes that are no primary of any key are not counted.
    if (const uint32_t keys = numbers.keys(node); keys > 0) {
      state.locates.Add(node, keys);
    }
  }
}

size_t ManyOwners::size() const {
  const size_t packed = packed_.bytes().size();
  return SizeOf(state_.owner_bytes, named_) +
         (packed == 0 ? 0 : 1 + Length().bytes().size() + packed) +
         Width().bytes().size();
}

void ManyOwners::Write(AnswerWriter& writer) const {
  WriteOwners(fields_.nodes, state_.owner_bytes, named_, writer);
  if (!packed_.bytes().empty()) {
    writer.Delimited(fields_.owners, Length().bytes());
    writer.Raw(packed_.bytes());
  }
  writer.Raw(Width().bytes());
}

Numbers ManyOwners::Length() const {
  return Numbers([&](AnswerWriter& writer) {
    writer.Packed(static_cast<uint32_t>(packed_.bytes().size()));
  });
}

Numbers ManyOwners::Width() const {
  return Numbers([&](AnswerWriter& writer) {
    writer.Varint(fields_.replicas, of_key_.count());
  });
}

}  // namespace clockwise
