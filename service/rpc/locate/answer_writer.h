// Writes the fields that answers are made of, as protobuf would: ascending,
// and none that has its default. Stateless.
#ifndef CLOCKWISE_SERVICE_RPC_LOCATE_ANSWER_WRITER_H_
#define CLOCKWISE_SERVICE_RPC_LOCATE_ANSWER_WRITER_H_

#include <google/protobuf/io/coded_stream.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/strings/string_view.h"

namespace clockwise {

class AnswerWriter {
 public:
  using Out = google::protobuf::io::CodedOutputStream;
  // The most that a number takes with its tag (of a field below 16).
  static constexpr size_t kMostNumber = 11;

  explicit AnswerWriter(uint8_t* at) : at_(at) {}

  void Varint(int field, uint64_t value) {
    if (value == 0) return;
    Tag(field, 0);
    at_ = Out::WriteVarint64ToArray(value, at_);
  }
  void Fixed64(int field, uint64_t value) {
    if (value == 0) return;
    Tag(field, 1);
    at_ = Out::WriteLittleEndian64ToArray(value, at_);
  }
  // A message or packed numbers; `bytes` begin with their length.
  void Delimited(int field, absl::string_view bytes) {
    Tag(field, 2);
    Raw(bytes);
  }
  // A number of packed ones. Most are of one byte or two.
  void Packed(uint32_t value) {
    if (value < 1 << 7) {
      *at_++ = static_cast<uint8_t>(value);
    } else if (value < 1 << 14) {
      at_[0] = static_cast<uint8_t>(value | 0x80);
      at_[1] = static_cast<uint8_t>(value >> 7);
      at_ += 2;
    } else {
      at_ = Out::WriteVarint32ToArray(value, at_);
    }
  }
  void Raw(absl::string_view bytes) {
    memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }

  uint8_t* at() const { return at_; }

 private:
  void Tag(int field, uint32_t wire_type) {
    *at_++ = static_cast<uint8_t>(static_cast<uint32_t>(field) << 3 |
                                  wire_type);  // fields below 16
  }

  uint8_t* at_;
};

// A few numbers that are written, in a buffer of their own.
class Numbers {
 public:
  template <typename Write>
  explicit Numbers(Write write) {
    AnswerWriter writer(buffer_.data());
    write(writer);
    size_ = static_cast<size_t>(writer.at() - buffer_.data());
  }
  absl::string_view bytes() const {
    return {reinterpret_cast<const char*>(buffer_.data()), size_};
  }

 private:
  std::array<uint8_t, 4 * AnswerWriter::kMostNumber> buffer_;
  size_t size_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RPC_LOCATE_ANSWER_WRITER_H_
