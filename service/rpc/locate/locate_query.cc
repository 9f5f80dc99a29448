#include "service/rpc/locate/locate_query.h"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"
#include "service/api/validate.h"
#include "service/limits.h"
#include "service/rpc/wire.h"

namespace clockwise {
namespace {

template <typename Request>
constexpr bool kOneKey = std::is_same_v<Request, v1::LocateRequest>;

// The tags of the fields, which have the same numbers in both requests.
constexpr uint32_t Tag(int field, uint32_t wire_type) {
  return static_cast<uint32_t>(field) << 3 | wire_type;
}
constexpr uint32_t kVarint = 0;
constexpr uint32_t kBytes = 2;
using LocateFields = v1::LocateRequest;
using BatchLocateFields = v1::BatchLocateRequest;
constexpr uint32_t kRing = Tag(LocateFields::kRingFieldNumber, kBytes);
constexpr uint32_t kKey = Tag(LocateFields::kKeyFieldNumber, kBytes);
constexpr uint32_t kReplicas =
    Tag(LocateFields::kReplicaCountFieldNumber, kVarint);
constexpr uint32_t kMinEpoch = Tag(LocateFields::kMinEpochFieldNumber, kVarint);
static_assert(kRing == Tag(BatchLocateFields::kRingFieldNumber, kBytes) &&
              kKey == Tag(BatchLocateFields::kKeysFieldNumber, kBytes) &&
              kReplicas ==
                  Tag(BatchLocateFields::kReplicaCountFieldNumber, kVarint) &&
              kMinEpoch ==
                  Tag(BatchLocateFields::kMinEpochFieldNumber, kVarint));

// Reads one field after the other.
class FieldReader {
 public:
  explicit FieldReader(const grpc::Slice& bytes)
      : at_(bytes.begin()), end_(bytes.end()) {}

  bool done() const { return at_ == end_; }
  size_t left() const { return static_cast<size_t>(end_ - at_); }
  // Reads a field of bytes with this one-byte tag and a one-byte length, which
  // nearly all keys have. Returns false, and reads nothing, for other fields.
  bool ShortField(uint8_t tag, absl::string_view& bytes) {
    if (left() < 2 || at_[0] != tag || at_[1] >= 0x80 || left() - 2 < at_[1]) {
      return false;
    }
    bytes = {reinterpret_cast<const char*>(at_ + 2), at_[1]};
    at_ += 2 + at_[1];
    return true;
  }
  // Reads a number of up to nine bytes. Protobuf's parser reads longer ones.
  bool Varint(uint64_t& value) { return ReadVarint(63, value); }
  // Reads a tag or a length of up to four bytes. Protobuf's parser reads five,
  // and refuses more, even if the bytes that follow add only zeros.
  bool ShortVarint(uint64_t& value) { return ReadVarint(28, value); }
  bool Bytes(absl::string_view& bytes) {
    uint64_t size = 0;
    if (!ShortVarint(size) || size > left()) return false;
    bytes = {reinterpret_cast<const char*>(at_), size};
    at_ += size;
    return true;
  }

 private:
  bool ReadVarint(int bits, uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < bits && at_ != end_; shift += 7) {
      const uint8_t byte = *at_++;
      value |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  const uint8_t* at_;
  const uint8_t* end_;
};

bool IsAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), absl::ascii_isascii);
}

// Reads the usual form of a request: known fields of the known types, and a
// ring name in ASCII. Returns false for all others, which protobuf must parse.
template <typename Request>
bool ReadPlain(const grpc::Slice& bytes, LocateQuery& query) {
  FieldReader in(bytes);
  absl::string_view key;
  while (!in.done()) {
    uint64_t tag = 0;
    uint64_t number = 0;
    if (!in.ShortVarint(tag)) return false;
    switch (tag) {
      case kRing:
        if (!in.Bytes(query.ring) || !IsAscii(query.ring)) return false;
        break;
      case kKey:
        if (!in.Bytes(key)) return false;
        if (kOneKey<Request>) break;
        // Estimates the number of keys from the size of the first key.
        if (query.keys.empty()) {
          query.keys.reserve(std::min(limits::kMaxBatchKeys,
                                      1 + in.left() / (key.size() + 2)));
        }
        query.keys.push_back(key);
        while (in.ShortField(kKey, key)) query.keys.push_back(key);
        break;
      case kReplicas:
        if (!in.Varint(number) ||
            number > std::numeric_limits<uint32_t>::max()) {
          return false;
        }
        query.replicas = static_cast<uint32_t>(number);
        break;
      case kMinEpoch:
        if (!in.Varint(query.min_epoch)) return false;
        break;
      default:
        return false;
    }
  }
  if (kOneKey<Request>) query.keys.push_back(key);
  return true;
}

// Reads a request with protobuf's parser.
template <typename Request>
absl::Status ReadMessage(const grpc::Slice& bytes, LocateQuery& query) {
  auto message = std::make_unique<Request>();
  if (absl::Status status = ParseRequest(bytes, *message); !status.ok()) {
    return status;
  }
  query.keys.clear();
  query.ring = message->ring();
  if constexpr (kOneKey<Request>) {
    query.keys.push_back(message->key());
  } else {
    query.keys.assign(message->keys().begin(), message->keys().end());
  }
  query.replicas = message->replica_count();
  query.min_epoch = message->min_epoch();
  query.min_incarnation = message->min_incarnation();
  query.message = std::move(message);
  return absl::OkStatus();
}

absl::Status ValidateKeys(const LocateQuery& query) {
  for (size_t i = 0; i < query.keys.size(); ++i) {
    if (query.keys[i].size() <= limits::kMaxKeyBytes) continue;
    return ValidateKey(absl::StrCat("keys[", i, "]"), query.keys[i]);
  }
  return absl::OkStatus();
}

}  // namespace

template <typename Request>
absl::Status ReadQuery(const grpc::Slice& bytes, LocateQuery& query) {
  absl::Status status;
  if (!ReadPlain<Request>(bytes, query)) {
    status = ReadMessage<Request>(bytes, query);
    if (!status.ok()) return status;
  }
  if (query.keys.size() > limits::kMaxBatchKeys) {
    return FieldRefusal("keys",
                        absl::StrCat(query.keys.size(), " keys; at most ",
                                     limits::kMaxBatchKeys, " per request"));
  }
  status = kOneKey<Request> ? ValidateKey("key", query.keys[0])
                            : ValidateKeys(query);
  return status.ok() ? ValidateReplicas(query.replicas) : status;
}

template absl::Status ReadQuery<v1::LocateRequest>(const grpc::Slice&,
                                                   LocateQuery&);
template absl::Status ReadQuery<v1::BatchLocateRequest>(const grpc::Slice&,
                                                        LocateQuery&);

}  // namespace clockwise
