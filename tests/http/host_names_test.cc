#include "service/http/host_names.h"

#include "gtest/gtest.h"

namespace clockwise {
namespace {

TEST(HostNamesTest, OnlyAddressesLocalhostAndGivenNamesAreOwn) {
  const std::vector<std::string> names = {"ring.example", "*.Internal"};
  for (const char* own :
       {"", "localhost", "LocalHost:7480", "localhost.:7480", "127.0.0.1",
        "10.0.0.7:7480", "[::1]", "[fe80::1]:7480", "ring.example",
        "RING.example:80", "a.b.internal"}) {
    EXPECT_TRUE(IsOwnHost(own, names)) << own;
  }
  for (const char* foreign :
       {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
        "ring.example.evil", "evilring.example", "internal", "[evil.example]",
        "1.2.3", "a", "ring.example@evil", ":7480"}) {
    EXPECT_FALSE(IsOwnHost(foreign, names)) << foreign;
  }
}

}  // namespace
}  // namespace clockwise
