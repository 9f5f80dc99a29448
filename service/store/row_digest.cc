#include "service/store/row_digest.h"

#include <initializer_list>

#include "service/ring/hash.h"

namespace clockwise {
namespace {

// Each kind of row starts from a different value, so a row cannot be mistaken
// for a row of another kind.
enum Kind : uint64_t {
  kHead = 1,
  kNode = 2,
  kChange = 3,
  kPartitions = 4,
  kDeleted = 5
};

// Returns a digest of `numbers` that depends on their order.
uint64_t Mix(Kind kind, std::initializer_list<uint64_t> numbers) {
  uint64_t digest = kind;
  for (const uint64_t number : numbers) {
    digest = SplitMix64(digest + kGoldenGamma) ^ number;
  }
  return SplitMix64(digest + kGoldenGamma);
}

}  // namespace

uint64_t HeadDigest(const RingHead& head, absl::string_view spec) {
  return Mix(kHead, {Xxh3(head.spec.name()), head.incarnation, head.epoch,
                     head.fingerprint, Xxh3(spec)});
}

uint64_t NodeDigest(absl::string_view id, absl::string_view node) {
  return Mix(kNode, {Xxh3(id), Xxh3(node)});
}

uint64_t ChangeDigest(uint64_t epoch, absl::string_view record) {
  return Mix(kChange, {epoch, Xxh3(record)});
}

uint64_t PartitionsDigest(uint64_t number, absl::string_view owners) {
  return Mix(kPartitions, {number, Xxh3(owners)});
}

uint64_t DeletedDigest(absl::string_view ring, uint64_t incarnation,
                       absl::string_view deletion, absl::string_view content) {
  return Mix(kDeleted,
             {Xxh3(ring), incarnation, Xxh3(deletion), Xxh3(content)});
}

}  // namespace clockwise
