#include "service/api/refusal.h"

#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/refusal_reading.h"

namespace clockwise {
namespace {

using ::testing::HasSubstr;
using Code = absl::StatusCode;

// The codes in the comments of ErrorReason in placement.proto.
TEST(RefusalTest, EachReasonHasItsDocumentedCode) {
  const std::map<v1::ErrorReason, Code> codes = {
      {v1::ERROR_REASON_MALFORMED_REQUEST, Code::kInvalidArgument},
      {v1::ERROR_REASON_FIELD_INVALID, Code::kInvalidArgument},
      {v1::ERROR_REASON_LAYOUT_UNSUPPORTED, Code::kInvalidArgument},
      {v1::ERROR_REASON_REQUEST_ID_REUSED, Code::kInvalidArgument},
      {v1::ERROR_REASON_RING_NOT_FOUND, Code::kNotFound},
      {v1::ERROR_REASON_NODE_NOT_FOUND, Code::kNotFound},
      {v1::ERROR_REASON_NODE_EXISTS, Code::kAlreadyExists},
      {v1::ERROR_REASON_RING_EXISTS, Code::kAlreadyExists},
      {v1::ERROR_REASON_RING_EMPTY, Code::kFailedPrecondition},
      {v1::ERROR_REASON_EPOCH_CONFLICT, Code::kAborted},
      {v1::ERROR_REASON_EPOCH_OUT_OF_HISTORY, Code::kOutOfRange},
      {v1::ERROR_REASON_LIMIT_REACHED, Code::kResourceExhausted},
      {v1::ERROR_REASON_STORE_FULL, Code::kResourceExhausted},
      {v1::ERROR_REASON_STORE_UNAVAILABLE, Code::kUnavailable},
      {v1::ERROR_REASON_STORE_REFUSED, Code::kUnavailable},
      {v1::ERROR_REASON_EPOCH_NOT_REACHED, Code::kUnavailable},
      {v1::ERROR_REASON_OVERLOADED, Code::kUnavailable},
      {v1::ERROR_REASON_DRAINING, Code::kUnavailable},
      {v1::ERROR_REASON_UNAUTHENTICATED, Code::kUnauthenticated},
      {v1::ERROR_REASON_PERMISSION_DENIED, Code::kPermissionDenied}};
  for (int i = 1; i < v1::ErrorReason_ARRAYSIZE; ++i) {
    const auto reason = static_cast<v1::ErrorReason>(i);
    const auto code = codes.find(reason);
    if (code == codes.end()) continue;  // a reason that was added later
    const absl::Status status = Refusal(reason, "because");
    ExpectRefusal(status, code->second, reason);
    EXPECT_EQ(status.message(), "because");
    EXPECT_EQ(FieldOf(status), "");
  }
}

TEST(RefusalTest, AFieldRefusalNamesTheField) {
  const absl::Status status = FieldRefusal("node.id", "is empty");
  ExpectFieldRefusal(status, "node.id");
  EXPECT_EQ(status.message(), "node.id: is empty");
  const auto detail = DetailOf<v1::BadRequest>(status, "BadRequest");
  ASSERT_TRUE(detail.has_value());
  EXPECT_EQ(detail->field_violations(0).description(), "is empty");
}

std::string Nested(absl::string_view field) {
  return "changes[3].add." + std::string(field);
}

TEST(RefusalTest, ARenamedFieldIsNamedEverywhere) {
  const absl::Status status =
      RenameField(FieldRefusal("zone", "254 bytes; at most 253"), Nested);
  ExpectFieldRefusal(status, "changes[3].add.zone", "253");
  EXPECT_EQ(status.message(), "changes[3].add.zone: 254 bytes; at most 253");
}

TEST(RefusalTest, ARenamedFieldKeepsTheReasonAndTheMessage) {
  const absl::Status status = RenameField(
      Refusal(v1::ERROR_REASON_NODE_NOT_FOUND, "no node x", "zone"), Nested);
  EXPECT_EQ(ReasonOf(status), v1::ERROR_REASON_NODE_NOT_FOUND);
  EXPECT_EQ(FieldOf(status), "changes[3].add.zone");
  EXPECT_EQ(status.message(), "no node x");
}

TEST(RefusalTest, ARefusalWithoutAFieldIsNotRenamed) {
  const absl::Status plain = Refusal(v1::ERROR_REASON_NODE_EXISTS, "is there");
  EXPECT_EQ(RenameField(plain, Nested), plain);
}

TEST(RefusalTest, OtherStatusesAreNoRefusals) {
  EXPECT_EQ(ReasonOf(absl::OkStatus()), v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(ReasonOf(absl::NotFoundError("?")), v1::ERROR_REASON_UNSPECIFIED);
}

TEST(RefusalTest, QuotedTextIsPrintableAndShort) {
  EXPECT_THAT(Quoted("node-1"), HasSubstr("node-1"));
  for (const std::string& text :
       {std::string("a\0b", 3), std::string("\xff\xfe\n\r\x1b[31m"),
        std::string(100'000, 'x'), std::string(100'000, '\x01'),
        std::string("\xc3\xa9"), std::string()}) {
    std::string quoted = Quoted(text);
    EXPECT_LE(quoted.size(), 64 * 4 + 16u);
    const size_t cut = quoted.find("\xe2\x80\xa6");  // an ellipsis, if cut
    if (cut != std::string::npos) quoted.erase(cut, 3);
    for (char c : quoted) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << quoted;
  }
}

TEST(RefusalTest, QuotedTextsStayApart) {
  EXPECT_NE(Quoted("a"), Quoted(std::string("a\0", 2)));
  EXPECT_NE(Quoted(""), Quoted(" "));
  EXPECT_NE(Quoted(std::string(64, 'x')), Quoted(std::string(65, 'x')));
}

}  // namespace
}  // namespace clockwise
