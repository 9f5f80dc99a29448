// AnswerWriter writes the fields of an answer to a buffer, as protobuf does:
// fields with their default value are omitted. The caller must write the fields
// in ascending order, and provide enough space. Thread-compatible.
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
  // Maximum size of a number with its tag, in bytes (field numbers below 16).
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
  // Writes a message or packed numbers. `bytes` must begin with their length.
  void Delimited(int field, absl::string_view bytes) {
    Tag(field, 2);
    Raw(bytes);
  }
  // Writes one of several packed numbers. Most have one or two bytes.
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

// Numbers holds up to four numbers that `write` has written.
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
