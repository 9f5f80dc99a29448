// Tests the import of other systems' configurations: what is read, and that an
// unknown construct is an error that names the line.
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/import/imported.h"
#include "gtest/gtest.h"
#include "tests/client/import_text.h"

namespace clockwise::cli {
namespace {

constexpr char kNginx[] = R"(events {}
http {
  upstream other { server a; ip_hash; }
  map $uri $key { default "x;{"; }
  upstream cache { # the one
    hash $http_x${uri} consistent;
    server 10.0.0.1:8080 weight=5 max_fails=2 fail_timeout=1s;
    server "unix:/run/a.sock" down;
    server [::1]:80; server 10.0.0.3 backup;
    keepalive 16;
    zone z 64k;
  }
}
)";

TEST(ImportNginxTest, TheServersOfTheUpstreamInTheirOrder) {
  const auto imported = ReadNginx(kNginx, "n.conf", "cache");
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(imported->spec.layout(), v1::LAYOUT_NGINX);
  EXPECT_EQ(imported->key, "$http_x${uri}");
  EXPECT_EQ(NodesOf(*imported),
            "10.0.0.1:8080*5 unix:/run/a.sock n_::1_:80=[::1]:80");
  ASSERT_EQ(imported->notes.size(), 2);
  EXPECT_EQ(imported->notes[1],
            "10.0.0.3 is a backup and is not part of nginx's ring");
  const auto modulo =
      ReadNginx(With(kNginx, " consistent", ""), "n.conf", "cache");
  EXPECT_EQ(modulo->spec.layout(), v1::LAYOUT_NGINX_MODULO);
}

TEST(ImportNginxTest, WhatIsNotUnderstoodNamesItsLine) {
  const auto fault = [](const std::string& from, const std::string& to) {
    return FaultOf(ReadNginx(With(kNginx, from, to), "n.conf", "cache"));
  };
  EXPECT_EQ(fault("keepalive 16", "least_conn"),
            "n.conf:10: directive \"least_conn\" is not supported");
  EXPECT_EQ(fault("keepalive 16;", "if ($x) { }"),
            "n.conf:10: directive \"if\" is not supported");
  EXPECT_EQ(fault("max_fails=2", "resolve"),
            "n.conf:7: parameter \"resolve\" is not supported");
  EXPECT_EQ(fault("weight=5", "weight=0"),
            "n.conf:7: weight \"0\" is not a whole number from 1 to 65535");
  EXPECT_EQ(fault(" consistent", " consistently"),
            "n.conf:6: write `hash KEY [consistent]`, and only once");
  EXPECT_EQ(fault("hash $http_x${uri} consistent;", ""),
            "n.conf:5: upstream \"cache\" has no hash directive");
  EXPECT_EQ(fault("upstream other", "upstream cache"),
            "n.conf:3: directive \"ip_hash\" is not supported");
  EXPECT_EQ(FaultOf(ReadNginx(kNginx, "n.conf", "nowhere")),
            "n.conf: upstream \"nowhere\" is not in the file");
}

TEST(ImportNginxTest, AFileThatIsCutAnywhereIsRefused) {
  const std::string text = kNginx;
  const size_t end = text.rfind('}');
  for (size_t length = text.find("http"); length <= end; ++length) {
    const auto imported = ReadNginx(text.substr(0, length), "n.conf", "cache");
    ASSERT_FALSE(imported.ok()) << text.substr(0, length);
    // At the start of "http", no block has begun.
    if (length > text.find("http")) {
      EXPECT_NE(FaultOf(imported).find("truncated"), std::string::npos)
          << FaultOf(imported);
    }
  }
}

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
beta: { listen: x, servers: [ "h:1:1" ] }
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
  EXPECT_EQ(fault("hash: murmur", "hash: [murmur]"),
            "n.yml:3: \"hash\" is not a single value");
  EXPECT_EQ(FaultOf(ReadTwemproxy(kTwemproxy, "n.yml", "gamma")),
            "n.yml: pool \"gamma\" is not in the file");
  EXPECT_EQ(fault("hash_tag: \"{}\"", "hash_tag: \"{"),
            "n.yml:12: the file is not valid YAML: end of map not found");
  const std::string text = kTwemproxy;
  EXPECT_EQ(
      FaultOf(
          ReadTwemproxy(text.substr(0, text.find(" third")), "n.yml", "alpha")),
      "n.yml:10: the last line has no newline; the file may be truncated");
  EXPECT_EQ(FaultOf(ReadTwemproxy("- a\n", "n.yml", "alpha")),
            "n.yml:1: the file is not a map of pools");
  EXPECT_EQ(FaultOf(ReadTwemproxy("alpha:\n  listen: x\n", "n.yml", "alpha")),
            "n.yml:1: the pool has no servers");
}

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
       {"", "a,", ",a", "a:b", "a:0", "a:65536", "a:1:0", "a:1:65536",
        "a:1:2:3", "[::1]:11211", "a b", "/run/s"}) {
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
