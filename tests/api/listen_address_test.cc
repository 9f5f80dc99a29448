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

}  // namespace
}  // namespace clockwise
