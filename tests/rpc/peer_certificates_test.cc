#include "service/tls/peer_certificates.h"

#include <fstream>
#include <iterator>
#include <string>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/test_authority.h"

namespace clockwise {
namespace {

using ::testing::HasSubstr;

std::string PemOf(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string Outcome(const absl::Status& status) {
  return std::string(status.message());
}

TEST(PeerCertificatesTest, EachCheckUsesTheDatesAndThePresentTime) {
  TestAuthority authority;  // its certificates are valid for two days
  const std::string pem =
      PemOf(authority.Issue("web", "DNS:web.example").certificate);
  const PeerCertificates certificates;
  const absl::Time now = absl::Now();
  const absl::Duration day = absl::Hours(24);
  for (int i = 0; i < 2; ++i) {  // parsed, and known
    EXPECT_EQ(Outcome(certificates.Check(pem, "", now)), "");
    EXPECT_EQ(Outcome(certificates.Check(pem, "", now + day)), "");
    EXPECT_THAT(Outcome(certificates.Check(pem, "", now + 3 * day)),
                HasSubstr("expired at"));
    EXPECT_THAT(Outcome(certificates.Check(pem, "", now - day)),
                HasSubstr("not valid before"));
  }
}

TEST(PeerCertificatesTest, ADamagedCertificateIsRejected) {
  TestAuthority authority;
  const std::string pem = PemOf(authority.ca());
  EXPECT_TRUE(DatesOf(pem).ok());
  for (const std::string& text :
       {std::string(), std::string("junk"), pem.substr(0, pem.size() / 2),
        pem + pem.substr(0, pem.size() / 2)}) {
    EXPECT_FALSE(DatesOf(text).ok()) << text;
  }
}

}  // namespace
}  // namespace clockwise
