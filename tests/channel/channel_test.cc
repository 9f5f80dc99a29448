#include "service/channel/channel.h"

#include "gtest/gtest.h"

namespace clockwise {
namespace {

TEST(LocalTargetTest, AddressesAndSocketsOfThisMachineAreLocal) {
  for (const char* target : {
           "127.0.0.1:7400",
           "127.0.0.1",
           "127.9.8.7:7400",
           "127.1:7400",
           "0.0.0.0:7400",
           "localhost:7400",
           "LocalHost:7400",
           "localhost.:7400",
           "a.localhost:7400",
           "localhost",
           "[::1]:7400",
           "[::1]",
           "::1",
           "[::]:7400",
           "[0:0:0:0:0:0:0:1]:7400",
           "[::ffff:127.0.0.1]:7400",
           "unix:relative",
           "unix:///absolute",
           "unix-abstract:name",
           "dns:localhost:7400",
           "dns:///localhost:7400",
           "dns:///127.0.0.1:7400",
           "dns://10.0.0.53/localhost:7400",
           "dns:///[::1]:7400",
           "ipv4:127.0.0.1:7400",
           "ipv4:127.0.0.1:7400,127.0.0.2:7400",
           "ipv4:127.0.0.1:7400,10.0.0.1:7400",
           "ipv4:10.0.0.1:7400,127.0.0.1:7400",
           "ipv6:[::1]:7400",
           "ipv6:[2001:db8::1]:7400,[::1]:7400",
           "ipv6:%5B::1%5D:7400",
       }) {
    EXPECT_TRUE(IsLocalTarget(target)) << target;
  }
}

TEST(LocalTargetTest, OtherMachinesAreNotLocal) {
  for (const char* target : {
           "10.0.0.1:7400",
           "128.0.0.1:7400",
           "placement:7400",
           "placement",
           "127.0.0.1.example:7400",
           "127.example:7400",
           "localhost.example:7400",
           "notlocalhost:7400",
           "[2001:db8::1]:7400",
           "[::ffff:10.0.0.1]:7400",
           "[::2]:7400",
           "dns:///placement:7400",
           "dns://127.0.0.1/placement:7400",
           "dns://127.0.0.1",
           "ipv4:10.0.0.1:7400",
           "ipv4:10.0.0.1:7400,10.0.0.2:7400",
           "ipv6:%5B2001:db8::1%5D:7400",
           "xds:///placement",
           "",
       }) {
    EXPECT_FALSE(IsLocalTarget(target)) << target;
  }
}

}  // namespace
}  // namespace clockwise
