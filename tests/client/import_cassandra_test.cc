// Tests the import of the output of nodetool. The fixtures follow the format
// strings of Cassandra's Ring.java, TokenRange.java, and Scylla's nodetool.
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "client/cli/import/imported.h"
#include "client/cli/import/stated_owners.h"
#include "client/cli/simulation.h"
#include "gtest/gtest.h"
#include "service/ring/layout_settings.h"
#include "service/ring/next_ring.h"
#include "tests/client/import_text.h"

namespace clockwise::cli {
namespace {

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
      "ring.txt:4: the range begins at token 9, but the range before it ends "
      "at "
      "7; the file may be truncated");
  EXPECT_EQ(FaultOf(ReadCassandra(text.substr(0, text.size() - 4) + "\n",
                                  "ring.txt")),
            "ring.txt:5: the line is not a complete TokenRange(…)");
}

TEST(ImportCassandraTest, FilesThatContradictThemselvesAreRefused) {
  const auto fault = [](const std::string& from, const std::string& to) {
    return FaultOf(ReadCassandra(With(kNodetool, from, to), "ring.txt"));
  };
  const std::string text = kNodetool;
  EXPECT_NE(FaultOf(ReadCassandra(text.substr(0, text.size() - 1), "ring.txt"))
                .find("the last line has no newline"),
            std::string::npos);
  EXPECT_NE(fault("50.00%  200", "50.00%  301").find("is below"),
            std::string::npos);
  EXPECT_EQ(FaultOf(ReadCassandra("Datacenter: dc1\n====\nStatus=Up/Down\n|/ "
                                  "State=Normal\n",
                                  "ring.txt")),
            "ring.txt:3: this is the output of nodetool status; import that of "
            "nodetool ring");
}

// The formats of Ring.java: Cassandra 1.2 to 5, and Scylla.
std::string Row(const std::string& address, const std::string& rack,
                const std::string& status, const std::string& state,
                const std::string& load, const std::string& owns,
                const std::string& token) {
  return absl::StrFormat("%-11s  %-12s%-7s%-8s%-16s%-20s%-44s\n", address, rack,
                         status, state, load, owns, token);
}

std::string DataCentre(const std::string& name, const std::string& rows,
                       const std::string& greatest) {
  return absl::StrCat(
      "Datacenter: ", name, "\n==========\n",
      Row("Address", "Rack", "Status", "State", "Load", "Owns", "Token"),
      greatest.empty() ? "\n" : Row("", "", "", "", "", "", greatest), rows,
      "\n");
}

TEST(ImportCassandraTest, TheFormatsOfAllVersions) {
  const std::string rows = Row("10.1.33.27", "eu-central-1a", "Up", "Normal",
                               "86.01 GiB", "?", "-9210") +
                           Row("10.1.33.28", "eu-central-1-long", "Down",
                               "Normal", "?", "50.00%", "5") +
                           Row("10.1.33.29", "two words", "?", "Normal",
                               "414 bytes", "0.00%", "70") +
                           Row("10.1.33.27", "eu-central-1a", "Up", "Normal",
                               "86.01 GiB", "?", "9210");
  const std::string note =
      "Note: Ownership information does not include topology; for complete "
      "information, specify a keyspace\n";
  const std::string warning =
      "  Warning: \"nodetool ring\" is used to output all the tokens of a "
      "node.\n  To view status related info of a node use \"nodetool status\" "
      "instead.\n\n";
  const std::string one = DataCentre(
      "us", Row("10.2.0.1", "r1", "Up", "Normal", "1.5 KB", "?", "7"), "");
  const std::string ring = DataCentre("eu", rows, "9210");
  for (const std::string& text :
       {absl::StrCat(note, "\n", ring, one),  // 1.2, 2.0
        absl::StrCat("\n", ring, one, warning,
                     "\n  "  // 2.1 to 3
                     "\n"),
        absl::StrCat("\n", ring, one, warning, "\n  ", note),
        absl::StrCat("Picked up JAVA_TOOL_OPTIONS: -Xmx1g\n\n", one, ring),
        absl::StrReplaceAll(ring + one, {{"\n", "\r\n"}})}) {
    const auto imported = ReadCassandra(text, "ring.txt");
    ASSERT_TRUE(imported.ok()) << imported.status() << text;
    EXPECT_EQ(imported->nodes.size(), 4);
    EXPECT_NE(
        TokensOf(*imported).find("10.1.33.27@eu/eu-central-1a: -9210,9210; "
                                 "10.1.33.28@eu/eu-central-1-long: 5; "
                                 "10.1.33.29@eu/two words: 70; "),
        std::string::npos)
        << TokensOf(*imported);
  }
  // Lines behind the note are read: this row is not complete.
  EXPECT_EQ(
      FaultOf(ReadCassandra(note + ring + "10.0.0.1 r1 Up\n", "ring.txt")),
      "ring.txt:11: the line is not a row of address, rack, status, "
      "state, load, owns and token");
  EXPECT_EQ(FaultOf(ReadCassandra(DataCentre("eu", rows, ""), "ring.txt")),
            "ring.txt:10: data centre \"eu\" does not end with its largest "
            "token; the file may be truncated");
}

TEST(ImportCassandraTest, HostsAndTokensOfMurmur3) {
  const auto read = [](const std::string& host, const std::string& token) {
    return ReadCassandra(
        DataCentre("eu", Row(host, "r1", "Up", "Normal", "?", "?", token), ""),
        "ring.txt");
  };
  for (const char* host : {"10.0.0.1:7000", "::1", "[::1]:7000", "a.example"}) {
    EXPECT_TRUE(read(host, "5").ok()) << read(host, "5").status();
  }
  for (const char* host : {"10.0.0.300", "${HOST}", "{{host}}", "a:b"}) {
    EXPECT_EQ(FaultOf(read(host, "5")).substr(0, 12), "ring.txt:5: ");
  }
  for (const char* token :
       {"005", "+5", "0a", "85070591730234615865843651857"}) {
    EXPECT_NE(FaultOf(read("a", token)).find("Murmur3Partitioner"),
              std::string::npos)
        << token;
  }
  const auto positive =
      ReadCassandra(DataCentre("eu",
                               Row("a", "r", "Up", "Normal", "?", "?", "1") +
                                   Row("b", "r", "Up", "Normal", "?", "?", "2"),
                               "2"),
                    "ring.txt");
  EXPECT_EQ(positive->notes[0],
            "no token is negative; check that nodetool describecluster reports "
            "Murmur3Partitioner");
}

TEST(ImportCassandraTest, TheFormatsOfDescribering) {
  const std::string text =
      absl::StrCat("Schema Version:e84b6a60-24cf\nTokenRange: \n",
                   Range(-5, 7, "10.0.0.1", "eu", "r1"),
                   Range(7, -5, "10.0.0.2", "eu", "r2"));
  const std::string read = "10.0.0.1@eu/r1: 7; 10.0.0.2@eu/r2: -5; ";
  EXPECT_EQ(TokensOf(*ReadCassandra(text, "ring.txt")), read);
  // Without separators, with a keyspace, and wrapped.
  EXPECT_EQ(TokensOf(*ReadCassandra(
                absl::StrReplaceAll(
                    text, {{", endpoints", "endpoints"},
                           {", rpc_end", "rpc_end"},
                           {", endpoint_d", "endpoint_d"},
                           {"TokenRange: \n", "Keyspace: ks\nTokenRange:\n"}}),
                "ring.txt")),
            read);
  const auto wrapped = ReadCassandra(
      absl::StrReplaceAll(text, {{", rpc_end", ", \n   rpc_end"}}), "ring.txt");
  EXPECT_EQ(TokensOf(*wrapped), read);
  EXPECT_EQ(wrapped->owners[1].place.line, 5);
  EXPECT_EQ(FaultOf(ReadCassandra(With(text, "r1)])", "r1)]"), "ring.txt")),
            "ring.txt:3: the line is not a complete TokenRange(…)");
}

// Builds the ring of the text with `replicas` owners and compares it.
std::string Contradiction(const std::string& text, uint32_t replicas) {
  auto imported = ReadCassandra(text, "ring.txt");
  EXPECT_TRUE(imported.ok()) << imported.status();
  imported->spec.set_name("r");
  imported->spec.set_replica_count(replicas);
  const auto ring =
      FirstRing(*NormalizeSpec(imported->spec), *JoinedNodes(imported->nodes));
  EXPECT_TRUE(ring.ok()) << ring.status();
  return std::string(
      CheckStatedOwners(*imported, **ring, replicas > 0).message());
}

std::string Endpoints(const std::string& from, const std::string& to,
                      const std::string& hosts) {
  std::string details;
  for (const std::string host : {"a", "b", "c"}) {
    absl::StrAppend(&details, details.empty() ? "" : ", ",
                    "EndpointDetails(host:", host, ", datacenter:d, rack:r)");
  }
  return absl::StrCat("\tTokenRange(start_token:", from, ", end_token:", to,
                      ", endpoints:[", hosts, "], rpc_endpoints:[", hosts,
                      "], endpoint_details:[", details, "])\n");
}

TEST(ImportCassandraTest, EndpointsThatTheRingContradictsAreRefused) {
  const std::string good = absl::StrCat(
      Endpoints("70", "-40", "a, b"), Endpoints("-40", "-1", "b, c"),
      Endpoints("-1", "40", "c, a"), Endpoints("40", "70", "a, b"));
  EXPECT_EQ(Contradiction(good, 2), "");
  EXPECT_EQ(Contradiction(good, 0), "");
  EXPECT_EQ(Contradiction(good, 1).substr(0, 47),
            "ring.txt:1: the endpoints are a, b, but the rin");
  EXPECT_EQ(Contradiction(good, 3).substr(0, 12), "ring.txt:1: ");
  const std::string tablets = absl::StrCat(
      Endpoints("70", "-40", "a, b"), Endpoints("-40", "-1", "b, c"),
      Endpoints("-1", "40", "a, c"), Endpoints("40", "70", "c, a"));
  EXPECT_EQ(Contradiction(tablets, 2),
            "ring.txt:2: the endpoints are b, c, but the ring would have b, a; "
            "change --replicas, or set data_centre_replicas. Tablets are not "
            "supported");
}

TEST(ImportCassandraTest, ReplicasThatTheRingContradictsAreRefused) {
  const std::string text =
      With(kNodetool, "us\n==========\n", "us\n==========\nReplicas: 2\n");
  EXPECT_EQ(Contradiction(text, 2), "");
  EXPECT_EQ(Contradiction(text, 0), "");
  EXPECT_EQ(
      Contradiction(text, 3),
      "ring.txt:12: data centre \"us\" has 2 replicas, but the ring would "
      "have 3; change --replicas, or set data_centre_replicas");
  EXPECT_EQ(
      Contradiction(
          With(text, "eu\n==========\n", "eu\n==========\nReplicas: 2\n"), 2),
      "ring.txt:4: the data centres state their own replicas; set "
      "data_centre_replicas");
}

}  // namespace
}  // namespace clockwise::cli
