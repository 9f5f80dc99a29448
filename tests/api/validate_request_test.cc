// Tests the bounds of the other fields of requests: at, below and above each
// bound.
#include <cstdint>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/api/validate.h"
#include "service/limits.h"
#include "tests/support/refusal_reading.h"

namespace clockwise {
namespace {

TEST(ValidateRequestTest, AKeyIsAtMost65536BytesAndMayBeEmpty) {
  for (size_t size : {0, 1, 65'535, 65'536}) {
    EXPECT_TRUE(ValidateKey("key", std::string(size, '\0')).ok()) << size;
  }
  ExpectFieldRefusal(ValidateKey("key", std::string(65'537, 'k')), "key",
                     "65536");
  ExpectFieldRefusal(ValidateKey("keys[17]", std::string(1 << 20, '\xff')),
                     "keys[17]", "65536");
}

TEST(ValidateRequestTest, AKeyIsAnyBytes) {
  for (int c = 0; c < 256; ++c) {
    EXPECT_TRUE(ValidateKey("key", std::string(1, static_cast<char>(c))).ok());
  }
}

TEST(ValidateRequestTest, ReplicasAreAtMost64) {
  for (uint32_t count : {0u, 1u, 63u, 64u}) {
    EXPECT_TRUE(ValidateReplicas(count).ok()) << count;
  }
  ExpectFieldRefusal(ValidateReplicas(65), "replica_count", "64");
  ExpectFieldRefusal(ValidateReplicas(~0u), "replica_count", "64");
}

TEST(ValidateRequestTest, ARequestIdIsAtMost64Characters) {
  for (size_t size : {0, 1, 63, 64}) {
    EXPECT_TRUE(ValidateRequestId(std::string(size, 'r')).ok()) << size;
  }
  ExpectFieldRefusal(ValidateRequestId(std::string(65, 'r')), "request_id",
                     "64");
}

TEST(ValidateRequestTest, ARequestIdIsPrintableAscii) {
  for (int c = 0; c < 256; ++c) {
    const absl::Status status =
        ValidateRequestId("a" + std::string(1, static_cast<char>(c)) + "b");
    EXPECT_EQ(status.ok(), c >= 0x20 && c <= 0x7e) << c;
    if (!status.ok()) ExpectFieldRefusal(status, "request_id");
  }
}

TEST(ValidateRequestTest, AReasonIsAtMost1024Bytes) {
  for (size_t size : {0, 1, 1023, 1024}) {
    EXPECT_TRUE(ValidateReason(std::string(size, 'r')).ok()) << size;
  }
  EXPECT_TRUE(ValidateReason("disk \xe2\x80\x9c"
                             "full\xe2\x80\x9d")
                  .ok());
  ExpectFieldRefusal(ValidateReason(std::string(1025, 'r')), "reason", "1024");
}

TEST(ValidateRequestTest, APageHas100EntriesAndAtMost1000) {
  EXPECT_EQ(PageSize(0).value(), 100u);
  for (uint32_t size : {1u, 99u, 999u, 1000u}) {
    EXPECT_EQ(PageSize(size).value(), size);
  }
  ExpectFieldRefusal(PageSize(1001).status(), "page_size", "1000");
  ExpectFieldRefusal(PageSize(~0u).status(), "page_size", "1000");
}

}  // namespace
}  // namespace clockwise
