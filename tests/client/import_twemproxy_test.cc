// Tests the import of twemproxy's configurations. The files that are read or
// rejected are those that nutcracker 0.5.0 reads or rejects.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/cli/import/imported.h"
#include "gtest/gtest.h"
#include "tests/client/import_text.h"

namespace clockwise::cli {
namespace {

using recorded::ReadTwemproxy;

constexpr char kTwemproxy[] = R"(alpha:
  listen: 127.0.0.1:22121
  hash: murmur
  hash_tag: "{}"
  distribution: ketama
  auto_eject_hosts: true
  servers:
   - 10.0.0.1:11211:1
   - 10.0.0.2:11212:3
   - 10.0.0.3:11211:1 third
   - /run/m.sock:2 socket
beta:
  listen: 127.0.0.1:1
  servers:
   - "h:1:1"
)";

TEST(ImportTwemproxyTest, TheServersOfThePool) {
  const auto imported = ReadTwemproxy(kTwemproxy, "n.yml", "alpha");
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(imported->spec.layout(), v1::LAYOUT_TWEMPROXY_KETAMA);
  EXPECT_EQ(imported->spec.settings().key_hash(), "murmur");
  EXPECT_EQ(imported->spec.settings().hash_tag(), "{}");
  EXPECT_EQ(NodesOf(*imported), "10.0.0.1 10.0.0.2:11212*3 third socket*2");
  EXPECT_EQ(imported->nodes[3].address(), "unix:/run/m.sock");
  const auto modula =
      ReadTwemproxy(With(kTwemproxy, "ketama", "modula"), "n.yml", "alpha");
  EXPECT_EQ(modula->spec.layout(), v1::LAYOUT_TWEMPROXY_MODULA);
  const auto beta = ReadTwemproxy(kTwemproxy, "n.yml", "beta");
  EXPECT_EQ(NodesOf(*beta), "h:1");
}

TEST(ImportTwemproxyTest, WhatIsNotUnderstoodNamesItsLine) {
  const auto fault = [](const std::string& from, const std::string& to) {
    return FaultOf(ReadTwemproxy(With(kTwemproxy, from, to), "n.yml", "alpha"));
  };
  EXPECT_EQ(fault("auto_eject_hosts: true", "colour: red"),
            "n.yml:6: setting \"colour\" is not supported");
  EXPECT_EQ(fault("distribution: ketama", "distribution: random"),
            "n.yml:5: distribution \"random\" is not supported; use ketama or "
            "modula");
  EXPECT_EQ(fault("10.0.0.1:11211:1", "10.0.0.1:11211"),
            "n.yml:8: server \"10.0.0.1:11211\" is not HOST:PORT:WEIGHT "
            "[NAME] or /PATH:WEIGHT NAME");
  EXPECT_EQ(fault("11212:3", "11212:0"),
            "n.yml:9: weight \"0\" is not a whole number from 1 to 65535");
  EXPECT_EQ(fault(" socket", ""),
            "n.yml:11: server \"/run/m.sock:2\" is not HOST:PORT:WEIGHT [NAME] "
            "or /PATH:WEIGHT NAME");
  EXPECT_EQ(fault("beta:", "alpha:"),
            "n.yml:12: pool \"alpha\" repeats line 1; remove one of them");
  EXPECT_EQ(fault("hash: murmur", "hash:\n   - murmur"),
            "n.yml:3: \"hash\" is not a single value");
  EXPECT_EQ(fault("127.0.0.1:22121", "127.0.0.1"),
            "n.yml:2: listen \"127.0.0.1\" is not HOST:PORT or /PATH");
  EXPECT_EQ(fault("22121", "65536"),
            "n.yml:2: port \"65536\" is not a whole number from 1 to 65535");
  EXPECT_EQ(fault("  listen: 127.0.0.1:22121\n", ""),
            "n.yml:1: the pool has no listen, so twemproxy rejects it; add "
            "listen: HOST:PORT");
  EXPECT_EQ(fault("auto_eject_hosts: true", "redis_auth: secret"),
            "n.yml:6: redis_auth requires redis: true; remove it");
  EXPECT_EQ(fault("127.0.0.1:22121", "/run/n.sock 0644"), "");
  for (const char* listen : {"${L}:22121", "127.0.0.1:22121:1", ":1"}) {
    EXPECT_EQ(fault("127.0.0.1:22121", listen).substr(0, 9), "n.yml:2: ");
  }
  EXPECT_EQ(fault("auto_eject_hosts: true", "server_connections: 0"),
            "n.yml:6: server_connections \"0\" is not a whole number from 1 to "
            "2147483647");
  EXPECT_EQ(fault("\"{}\"", "\u00e9"),
            "n.yml:4: hash_tag \"\\xc3\\xa9\" is not two ASCII characters");
  EXPECT_EQ(fault(" third", " " + std::string(300, 'n')),
            "n.yml:10: the server's name has 300 bytes; at most 253");
  EXPECT_EQ(FaultOf(ReadTwemproxy(kTwemproxy, "n.yml", "gamma")),
            "n.yml: pool \"gamma\" is not in the file");
  EXPECT_EQ(fault("hash_tag: \"{}\"", "hash_tag: \"{"),
            "n.yml:15: the file is not valid YAML: end of map not found");
  const std::string text = kTwemproxy;
  EXPECT_EQ(
      FaultOf(
          ReadTwemproxy(text.substr(0, text.find(" third")), "n.yml", "alpha")),
      "n.yml:10: the last line has no newline; the file may be truncated");
  EXPECT_EQ(FaultOf(ReadTwemproxy("- a\n", "n.yml", "alpha")),
            "n.yml:1: the file is not a map of pools");
  EXPECT_EQ(FaultOf(ReadTwemproxy("alpha:\n  listen: 127.0.0.1:1\n", "n.yml",
                                  "alpha")),
            "n.yml:1: the pool has no servers");
}

// A pool of the real twemproxy's form, with `lines` before its servers.
std::string Pool(const std::string& lines, const std::string& servers) {
  return absl::StrCat("alpha:\n  listen: 127.0.0.1:22121\n", lines,
                      "  servers:\n", servers);
}

constexpr char kOne[] = "   - 10.0.0.1:11211:1\n";

TEST(ImportTwemproxyTest, APortIsComparedByItsValueAndHashedAsText) {
  const auto imported = ReadTwemproxy(
      Pool("", "   - 10.0.0.1:011211:01\n   - 10.0.0.2:011212:002\n"), "n.yml",
      "alpha");
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(NodesOf(*imported), "10.0.0.1 10.0.0.2:011212*2");
}

TEST(ImportTwemproxyTest, YamlThatTwemproxyReads) {
  for (const std::string& text :
       {absl::StrCat(
            "# a comment\n\"alpha\": # one\n  'listen': 127.0.0.1:1 # two\n",
            "  servers: # three\n  - \"10.0.0.1:11211:1\" # four\n"),
        Pool("  hash: |-\n     md5\n", "   - >-\n     10.0.0.1:11211:1\n"),
        absl::StrReplaceAll(Pool("", kOne), {{"\n", "\r\n"}}),
        absl::StrCat("\xef\xbb\xbf", Pool("", kOne)),
        Pool("  redis: \"true\"\n", kOne)}) {
    const auto imported = ReadTwemproxy(text, "n.yml", "alpha");
    ASSERT_TRUE(imported.ok()) << imported.status() << text;
    EXPECT_EQ(NodesOf(*imported), "10.0.0.1") << text;
  }
}

TEST(ImportTwemproxyTest, YamlThatTwemproxyRejects) {
  const auto fault = [](const std::string& text) {
    return FaultOf(ReadTwemproxy(text, "n.yml", "alpha"));
  };
  const std::string pool = Pool("", kOne);
  const auto rejects = [](int line, const std::string& what) {
    return absl::StrCat("n.yml:", line, ": twemproxy rejects ", what,
                        " of YAML; write it out");
  };
  EXPECT_EQ(fault("alpha: &a\n  listen: 127.0.0.1:1\n  servers:\n" +
                  std::string(kOne)),
            rejects(1, "an anchor"));
  EXPECT_EQ(fault(Pool("  hash: &h md5\n", kOne)), rejects(3, "an anchor"));
  EXPECT_EQ(fault(pool + "beta:\n  <<: *x\n").substr(0, 9), "n.yml:6: ");
  EXPECT_EQ(fault(pool + "beta:\n  a: &x 1\n  b: *x\n"),
            rejects(6, "an anchor"));
  EXPECT_EQ(fault(Pool("  hash: !!str md5\n", kOne)), rejects(3, "a tag"));
  EXPECT_EQ(fault("alpha:\n  servers: [ \"10.0.0.1:11211:1\" ]\n"),
            rejects(2, "flow style"));
  EXPECT_EQ(fault("alpha: { servers: [ \"10.0.0.1:11211:1\" ] }\n"),
            rejects(1, "flow style"));
  EXPECT_EQ(fault(pool + "beta: { listen: 127.0.0.1:1 }\n"),
            rejects(5, "flow style"));
  EXPECT_EQ(fault(Pool("  redis_auth: {{ secret }}\n", kOne)),
            rejects(3, "flow style"));
  for (const auto& [text, told] :
       std::vector<std::pair<std::string, std::string>>{
           {"---\n" + pool, "n.yml:1: twemproxy rejects the mark \"---\""},
           {"%YAML 1.1\n" + pool, "n.yml:1: twemproxy rejects the mark"},
           {pool + "...\n", "n.yml:5: twemproxy rejects the mark \"...\""},
           {pool + "--- # x\nbeta:\n  listen: 127.0.0.1:1\n",
            "n.yml:5: twemproxy rejects the mark \"---\""}}) {
    EXPECT_EQ(fault(text).substr(0, told.size()), told);
  }
}

TEST(ImportTwemproxyTest, ValuesThatTwemproxyRejects) {
  for (const auto& [line, told] :
       std::vector<std::pair<std::string, std::string>>{
           {"redis: yes", "redis \"yes\" is not true or false"},
           {"auto_eject_hosts: True",
            "auto_eject_hosts \"True\" is not true or false"},
           {"timeout: 400ms",
            "timeout \"400ms\" is not a whole number from 0 to 2147483647"},
           {"timeout: -1",
            "timeout \"-1\" is not a whole number from 0 to 2147483647"},
           {"hash_tag: \"{\"", "hash_tag \"{\" is not two ASCII characters"},
           {"hash: MD5", "hash \"MD5\" is not a hash of twemproxy"},
           {"hash: |\n     md5", "hash \"md5\\n\" is not a hash of twemproxy"},
           {"hash:", "\"hash\" is not a single value"},
           {"distribution: Ketama",
            "distribution \"Ketama\" is not supported; use ketama or modula"},
           {"<<: x", "setting \"<<\" is not supported"},
           {"worker_processes: 4",
            "setting \"worker_processes\" is not supported"}}) {
    EXPECT_EQ(FaultOf(ReadTwemproxy(Pool("  " + line + "\n", kOne), "n.yml",
                                    "alpha")),
              "n.yml:3: " + told);
  }
}

TEST(ImportTwemproxyTest, ServersThatTwemproxyRejects) {
  for (const char* server :
       {"10.0.0.1:11211:1  x", "\"10.0.0.1:11211:1\\tx\"",
        "\"10.0.0.1:11211:1 \"", "\" 10.0.0.1:11211:1\"",
        "10.0.0.1:11211:1 a b", "10.0.0.1:11211:+1", "10.0.0.1:11211:00",
        "10.0.0.1:0:1", "10.0.0.1:65536:1", "/run/x:1", "10.0.0.2:11211:1",
        "10.0.0.2:1:1 10.0.0.2", "10.0.0.2:011211:1",
        // These are placeholders, or not hosts.
        "${MC1}:11211:1", "\"{{ mc }}:11211:1\"", "\"@MC@:11211:1\"",
        "MC_HOST:11211:1", "10.0.0.300:11211:1", "10.0.0.x:11211:1",
        "10.0.0.1:${PORT}:1", "10.0.0.1:11211:${W}", "10.0.0.1:11211:1 ${N}",
        "/run/${X}:1 x", "a;b:11211:1", "\"[::1]:11211:1\"",
        "tcp//h:11211:1"}) {
    EXPECT_EQ(FaultOf(ReadTwemproxy(
                          Pool("", absl::StrCat("   - 10.0.0.2:11211:1\n   - ",
                                                server, "\n")),
                          "n.yml", "alpha"))
                  .substr(0, 9),
              "n.yml:5: ")
        << server;
  }
  const auto ipv6 =
      ReadTwemproxy(Pool("", "   - \"::1:11212:1\"\n"), "n.yml", "alpha");
  ASSERT_TRUE(ipv6.ok()) << ipv6.status();
  EXPECT_EQ(ipv6->nodes[0].hash_key(), "::1:11212");
}

}  // namespace
}  // namespace clockwise::cli
