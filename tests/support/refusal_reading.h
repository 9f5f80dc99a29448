// Reads errors as a client would: the code, the message, and the details in the
// status's payloads. Stateless.
#ifndef CLOCKWISE_TESTS_SUPPORT_REFUSAL_READING_H_
#define CLOCKWISE_TESTS_SUPPORT_REFUSAL_READING_H_

#include <algorithm>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "clockwise/v1/errors.pb.h"
#include "clockwise/v1/placement.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/api/refusal.h"

namespace clockwise {

template <typename Detail>
std::optional<Detail> DetailOf(const absl::Status& status,
                               const std::string& name) {
  const auto payload =
      status.GetPayload("type.googleapis.com/google.rpc." + name);
  Detail detail;
  if (!payload.has_value() || !detail.ParseFromString(std::string(*payload))) {
    return std::nullopt;
  }
  return detail;
}

// Returns the field that BadRequest names; "" if there is none.
inline std::string FieldOf(const absl::Status& status) {
  const auto detail = DetailOf<v1::BadRequest>(status, "BadRequest");
  if (!detail.has_value() || detail->field_violations_size() != 1) return "";
  return detail->field_violations(0).field();
}

// Checks for an error with `code`, `reason` and a complete ErrorInfo.
inline void ExpectRefusal(const absl::Status& status, absl::StatusCode code,
                          v1::ErrorReason reason) {
  EXPECT_EQ(status.code(), code) << status;
  EXPECT_EQ(ReasonOf(status), reason) << status;
  EXPECT_FALSE(status.message().empty());
  const auto info = DetailOf<v1::ErrorInfo>(status, "ErrorInfo");
  ASSERT_TRUE(info.has_value()) << status;
  EXPECT_EQ(info->domain(), "clockwise");
  EXPECT_EQ("ERROR_REASON_" + info->reason(), v1::ErrorReason_Name(reason));
}

// Checks for an error of `field`, which the message and BadRequest must name.
// The message must contain `bound`.
inline void ExpectFieldRefusal(const absl::Status& status,
                               const std::string& field,
                               const std::string& bound = "") {
  ExpectRefusal(status, absl::StatusCode::kInvalidArgument,
                v1::ERROR_REASON_FIELD_INVALID);
  EXPECT_EQ(FieldOf(status), field) << status;
  const std::string message(status.message());
  EXPECT_THAT(message, ::testing::HasSubstr(field));
  std::string digits = message;  // 65,535 or 65535
  digits.erase(std::remove(digits.begin(), digits.end(), ','), digits.end());
  EXPECT_THAT(digits, ::testing::HasSubstr(bound));
  for (char c : message) EXPECT_NE(c & 0xE0, 0) << message;  // no controls
}

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_SUPPORT_REFUSAL_READING_H_
