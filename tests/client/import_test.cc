// Tests the import of lists of servers for libmemcached.
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/import/imported.h"
#include "gtest/gtest.h"
#include "tests/client/import_text.h"

namespace clockwise::cli {
namespace {

TEST(ImportMemcachedTest, TheUsualPortIsNotHashed) {
  const auto imported = ReadMemcached("a,b:11211,c:11212:1", "");
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(imported->spec.layout(), v1::LAYOUT_KETAMA);
  EXPECT_EQ(NodesOf(*imported), "a b c:11212");
  EXPECT_EQ(NodesOf(*ReadMemcached("a,b:1", "spy")),
            "n/a:11211=/a:11211 n/b:1=/b:1");
}

TEST(ImportMemcachedTest, AWeightAboveOneWeighsThemAll) {
  const auto imported = ReadMemcached("a:11211:3,b", "");
  EXPECT_EQ(imported->spec.layout(), v1::LAYOUT_KETAMA_WEIGHTED);
  EXPECT_EQ(imported->spec.settings().key_hash(), "default");
  EXPECT_EQ(NodesOf(*imported), "a*3 b");
  const auto md5 = ReadMemcached("a:11211:3,b", "ketama_weighted");
  EXPECT_EQ(md5->spec.settings().key_hash(), "");
  EXPECT_EQ(NodesOf(*ReadMemcached("a:11211:3,b", "modula")), "a b");
}

TEST(ImportMemcachedTest, ARepeatedServerIsNamedAsInTheList) {
  for (const char* distribution : {"", "spy"}) {
    EXPECT_EQ(FaultOf(ReadMemcached("a,b,a:11211", distribution)),
              "servers: \"a:11211\" repeats \"a\"; remove one");
  }
  const auto modula = ReadMemcached("a,b,a:11211", "modula");
  ASSERT_TRUE(modula.ok()) << modula.status();
  EXPECT_EQ(NodesOf(*modula), "a b a_2");
}

TEST(ImportMemcachedTest, MoreServersThanTheBoundAreRefusedSoon) {
  std::string list = "s0";
  for (int i = 1; i <= 10000; ++i) absl::StrAppend(&list, ",s", i);
  EXPECT_EQ(FaultOf(ReadMemcached(list, "")),
            "servers: the file has more than 10,000 servers; use at most that "
            "many");
}

TEST(ImportMemcachedTest, WhatIsNoServer) {
  for (const char* servers :
       {"",           "a,",           ",a",          "a:b",      "a:0",
        "a:65536",    "a:1:0",        "a:1:65536",   "a:1:2:3",  "[::1]:11211",
        "a b",        "/run/s",       "mc1;mc2;mc3", "mc1|mc2",  "mc1\nmc2",
        "mc1&mc2",    "mc1+mc2",      "\"mc1\"",     "'mc1'",    "[mc1]",
        "(mc1)",      "mc1?weight=2", "mc1=2",       "user@mc1", "mc1#2",
        "mc1\\",      "mc1*2",        "<mc1>",       "${MC1}",   "$MC1:11211",
        "{{mc1}}",    "%MC1%",        "@MC1@",       "__MC1__",  "MC_HOST",
        "10.0.0.300", "10.0.0",       "10.0.0.x",    "-mc1",     "mc1-",
        ".mc1",       "a..b",         "a:+1",        "a:1:+1",   "a: 1",
        "m\xc3\xbc"}) {
    EXPECT_NE(FaultOf(ReadMemcached(servers, "")), "") << servers;
  }
  EXPECT_EQ(FaultOf(ReadMemcached("a,b:x", "")),
            "servers: port \"x\" is not a whole number from 1 to 65535");
}

}  // namespace
}  // namespace clockwise::cli
