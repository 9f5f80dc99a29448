// Tests the import of the output of CLUSTER NODES.
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/cli/import/imported.h"
#include "gtest/gtest.h"
#include "tests/client/import_text.h"

namespace clockwise::cli {
namespace {

// Redis 3, 4, 6 and 7 print the address in these forms.
constexpr char kNodes[] =
    "07c3 127.0.0.1:30004 slave e7d1 0 1426238317239 4 connected\n"
    "67ed 10.0.0.2:30002@31002 master - 0 1426238316232 2 connected "
    "5461-10922\n"
    "292f 10.0.0.3:30003@31003,host-3 master - 0 1426238318243 3 connected "
    "10923-16000 16002-16383 [16000->-e7d1]\n"
    "6ec2 10.0.0.5:30005@31005 slave 67ed 0 1426238316232 5 connected\n"
    "e7d1 10.0.0.1:30001@31001,,tls-port=0,shard-id=ab myself,master - 0 0 1 "
    "connected 0-5460 16001 [16000-<-292f]\n"
    "99aa 10.0.0.9:30009@31009 master - 0 0 9 connected\n"
    "vars currentEpoch 9 lastVoteEpoch 0\n";

TEST(ImportRedisTest, TheSlotsOfThePrimaries) {
  const auto imported = ReadRedisCluster(kNodes, "nodes.txt");
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(imported->spec.layout(), v1::LAYOUT_REDIS_CLUSTER);
  EXPECT_EQ(NodesOf(*imported), "10.0.0.2:30002 10.0.0.3:30003 10.0.0.1:30001");
  EXPECT_EQ(imported->nodes[0].points_size(), 5462);
  EXPECT_EQ(imported->nodes[1].points_size(), 5460);
  EXPECT_EQ(imported->nodes[2].points(5461), 16001);
  ASSERT_EQ(imported->notes.size(), 2);
  EXPECT_EQ(imported->notes[0],
            "slot 16000 is migrating; it stays at its source");
  EXPECT_EQ(imported->notes[1],
            "10.0.0.9:30009 has no slots and is not part of the ring");
}

TEST(ImportRedisTest, WhatIsNotUnderstoodNamesItsLine) {
  const auto fault = [](const std::string& from, const std::string& to) {
    return FaultOf(ReadRedisCluster(With(kNodes, from, to), "nodes.txt"));
  };
  EXPECT_EQ(fault("0-5460", "0-5461"), "nodes.txt:5: slot 5461 repeats line 2");
  EXPECT_EQ(fault(" 16001 ", " "),
            "nodes.txt: slot 16001 has no node; the file may be truncated, or "
            "the cluster is down");
  EXPECT_EQ(
      fault("0-5460", "0-16384"),
      "nodes.txt:5: slot \"16384\" is not a whole number from 0 to 16383");
  EXPECT_EQ(fault("0-5460", "9-5-7").substr(0, 13), "nodes.txt:5: ");
  EXPECT_EQ(fault("myself,master", "myself"),
            "nodes.txt:5: the line is not one of CLUSTER NODES");
  EXPECT_EQ(fault("myself,master -", "slave 67ed"),
            "nodes.txt:5: a replica has slots");
  EXPECT_EQ(fault("10.0.0.1:30001@", ":30001@").substr(0, 13), "nodes.txt:5: ");
  EXPECT_EQ(fault("10.0.0.1:30001@", ":0@").substr(0, 13), "nodes.txt:5: ");
  EXPECT_EQ(fault("10.0.0.1:30001@", "10.0.0.2:30002@"),
            "nodes.txt:5: address \"10.0.0.2:30002\" repeats line 2");
  EXPECT_EQ(fault("0-5460", "5460-0"),
            "nodes.txt:5: \"5460-0\" is not a range of slots");
  EXPECT_EQ(fault("myself,master", "myself,master,noaddr"),
            "nodes.txt:5: the primary has slots, but no address (noaddr)");
  EXPECT_EQ(FaultOf(ReadRedisCluster("\"07c3 …\\n\"\n", "nodes.txt")),
            "nodes.txt:1: the line is not one of CLUSTER NODES");
  EXPECT_EQ(FaultOf(ReadRedisCluster("", "nodes.txt")).substr(0, 11),
            "nodes.txt: ");
}

TEST(ImportRedisTest, LinesThatContradictEachOtherAreRefused) {
  const auto fault = [](const std::string& from, const std::string& to) {
    return FaultOf(ReadRedisCluster(With(kNodes, from, to), "nodes.txt"));
  };
  for (const char* move : {"[5-<-292f]", "[99999-<-292f]", "[-]", "[abc-<-x]",
                           "[16000-<-]", "[16000->-292f]"}) {
    EXPECT_EQ(fault("[16000-<-292f]", move).substr(0, 13), "nodes.txt:5: ")
        << move;
  }
  EXPECT_EQ(fault("[16000->-e7d1]", "[5->-e7d1]"),
            "nodes.txt:3: \"[5->-e7d1]\" contradicts the slots of this node");
  EXPECT_EQ(fault("6ec2 ", "67ed "),
            "nodes.txt:4: node \"67ed\" repeats line 2");
  EXPECT_EQ(fault("slave 67ed", "master,slave 67ed"),
            "nodes.txt:4: the node is a primary and a replica");
  EXPECT_EQ(fault("master - 0 1426238316232 2", "master 67ed 0 1 2"),
            "nodes.txt:2: the flags are \"master\", but the node's primary is "
            "\"67ed\"");
  EXPECT_EQ(fault("slave 67ed", "slave -").substr(0, 13), "nodes.txt:4: ");
  EXPECT_EQ(fault("slave 67ed", "slave abcd"),
            "nodes.txt:4: the primary \"abcd\" is not in the file; it may be "
            "truncated");
  EXPECT_EQ(fault("5 connected", "5 xconnected"),
            "nodes.txt:4: link state \"xconnected\" is not known");
  EXPECT_EQ(fault("5 connected", "x connected"),
            "nodes.txt:4: \"x\" is not a time or an epoch");
  EXPECT_EQ(fault("master - 0 0 9", "myself,master - 0 0 9"),
            "nodes.txt:6: \"myself\" repeats line 5; import the output of one "
            "node");
}

}  // namespace
}  // namespace clockwise::cli
