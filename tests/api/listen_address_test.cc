#include "service/api/listen_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace clockwise {
namespace {

using ::testing::HasSubstr;

TEST(ListenAddressTest, HostAndPortArePartedAtTheLastColon) {
  struct Case {
    const char* text;
    const char* host;
    int port;
  };
  for (const Case& c : {Case{"127.0.0.1:7480", "127.0.0.1", 7480},
                        Case{"localhost:0", "localhost", 0},
                        Case{"0.0.0.0:65535", "0.0.0.0", 65535},
                        Case{"[::1]:80", "::1", 80}, Case{"[::]:0", "::", 0}}) {
    const auto address = ParseListenAddress(c.text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(address->host, c.host);
    EXPECT_EQ(address->port, c.port);
    EXPECT_EQ(address->ToString(), c.text);
  }
}

TEST(ListenAddressTest, WhatIsNoAddressIsRefusedInOneLineThatShowsIt) {
  for (const char* text :
       {"", "127.0.0.1", ":7480", "127.0.0.1:", "127.0.0.1:65536",
        "127.0.0.1:-1", "127.0.0.1:+1", "127.0.0.1: 80", "127.0.0.1:http",
        "127.0.0.1:99999999999999999999", "::1:80", "[::1]", "[::1:80",
        "[127.0.0.1]:80", "[]:80", "unix:/tmp/socket"}) {
    const auto address = ParseListenAddress(text);
    EXPECT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument)
        << text;
    const std::string message(address.status().message());
    EXPECT_THAT(message, HasSubstr(std::string("\"") + text + "\""));
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
}

TEST(ListenAddressTest, AnAdvertisedAddressCanBeReachedByOtherPrograms) {
  for (const char* text : {"10.0.0.1:7400", "[fd00::1]:7400", "unix:/a/socket",
                           "clockwise-0.clockwise:1", "localhost:65535"}) {
    EXPECT_TRUE(CheckAdvertised(text).ok()) << CheckAdvertised(text);
    EXPECT_EQ(AdvertisedAddress(text), text);
  }
  for (const char* text :
       {"", "a", "a:0", "0.0.0.0:7400", "0:7400", "[::]:7400", "unix:",
        "dns:///a:7400", "http://a:7400", "a b:7400", "a,b:7400", "a\n:7400"}) {
    EXPECT_EQ(CheckAdvertised(text).code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
  EXPECT_FALSE(CheckAdvertised(std::string(512, 'a') + ":1").ok());
  EXPECT_FALSE(CheckAdvertised("unix:\xff").ok());
  for (const char* text : {"0.0.0.0:7400", "[::]:7400"}) {
    const std::string address = AdvertisedAddress(text);
    EXPECT_TRUE(CheckAdvertised(address).ok()) << address;
    EXPECT_THAT(address, HasSubstr(":7400"));
  }
}

}  // namespace
}  // namespace clockwise
