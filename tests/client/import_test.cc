// Tests the import of other systems' configurations: what is read, and that an
// unknown construct is an error that names the line.
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

constexpr char kNodetool[] = R"(
Datacenter: eu
==========
Address    Rack  Status State   Load       Owns    Token
                                                   300
10.0.0.1   r1    Up     Normal  68.88 KiB  50.00%  -100
10.0.0.2   r2    Down   Normal  ?          50.00%  200
10.0.0.1   r1    Up     Normal  68.88 KiB  50.00%  300

Datacenter: us
==========
Address    Rack  Status State   Load       Owns    Token
                                                   250
10.1.0.1   r1    Up     Normal  1 MiB      ?       250

  Warning: "nodetool ring" is used to output all the tokens of a node.
  To view status related info of a node use "nodetool status" instead.
)";

TEST(ImportCassandraTest, NodetoolRing) {
  const auto imported = ReadCassandra(kNodetool, "ring.txt");
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(TokensOf(*imported),
            "10.0.0.1@eu/r1: -100,300; 10.0.0.2@eu/r2: 200; "
            "10.1.0.1@us/r1: 250; ");
}

TEST(ImportCassandraTest, WhatIsNotUnderstoodNamesItsLine) {
  const auto fault = [](const std::string& from, const std::string& to) {
    return FaultOf(ReadCassandra(With(kNodetool, from, to), "ring.txt"));
  };
  EXPECT_EQ(fault("%  200", "%  -100"),
            "ring.txt:7: token -100 repeats line 6; remove one of them");
  EXPECT_EQ(fault("%  200", "%  9223372036854775808"),
            "ring.txt:7: token \"9223372036854775808\" is not a signed 64-bit "
            "number; only Murmur3Partitioner is supported");
  EXPECT_EQ(
      fault("r2    Down   Normal", "r2    Up     Joining"),
      "ring.txt:7: state \"Joining\" is not Normal; import when all nodes "
      "are Normal");
  EXPECT_EQ(
      fault("10.0.0.1   r1    Up     Normal  68.88 KiB  50.00%  300\n", ""),
      "ring.txt:9: data centre \"eu\" does not end with its largest token; "
      "the file may be truncated");
  EXPECT_EQ(
      fault("?          50.00%  200", ""),
      "ring.txt:7: the line is not a row of address, rack, status, state, "
      "load, owns and token");
  EXPECT_EQ(fault("Datacenter: eu", ""),
            "ring.txt:5: the row is before the first \"Datacenter:\" line");
  EXPECT_EQ(FaultOf(ReadCassandra("\n", "ring.txt")),
            "ring.txt: the file is not the output of nodetool ring or nodetool "
            "describering");
}

std::string Range(int64_t from, int64_t to, const std::string& host,
                  const std::string& dc, const std::string& rack) {
  return absl::StrCat(
      "\tTokenRange(start_token:", from, ", end_token:", to, ", endpoints:[",
      host, ", 9.9.9.9], rpc_endpoints:[", host,
      "], endpoint_details:[EndpointDetails(host:9.9.9.9, datacenter:zz, "
      "rack:zz), EndpointDetails(host:",
      host, ", datacenter:", dc, ", rack:", rack, ")])\n");
}

TEST(ImportCassandraTest, NodetoolDescribering) {
  const std::string text = absl::StrCat(
      "Schema Version:e84b6a60-24cf\nTokenRange: \n",
      Range(-5, 7, "10.0.0.1", "eu", "r1"), Range(7, 9, "10.0.0.2", "eu", "r2"),
      Range(9, -5, "10.0.0.1", "eu", "r1"));
  const auto imported = ReadCassandra(text, "ring.txt");
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(TokensOf(*imported), "10.0.0.1@eu/r1: 7,-5; 10.0.0.2@eu/r2: 9; ");
  EXPECT_EQ(
      FaultOf(ReadCassandra(With(text, Range(7, 9, "10.0.0.2", "eu", "r2"), ""),
                            "ring.txt")),
      "ring.txt:4: no range ends at token 9; the file may be truncated");
  EXPECT_EQ(FaultOf(ReadCassandra(text.substr(0, text.size() - 4), "ring.txt")),
            "ring.txt:5: the line is not a complete TokenRange(…)");
}

}  // namespace
}  // namespace clockwise::cli
