// Tests the import of other systems' configurations: what is read, and that an
// unknown construct is an error that names the line.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/import/imported.h"
#include "gtest/gtest.h"

namespace clockwise::cli {
namespace {

// "id=hashed*weight" of each node; the hashed text only if it is not the id.
std::string NodesOf(const Imported& imported) {
  std::vector<std::string> nodes;
  for (const v1::Node& node : imported.nodes) {
    nodes.push_back(absl::StrCat(
        node.id(), node.hash_key().empty() ? "" : "=", node.hash_key(),
        node.weight() == 1 ? "" : absl::StrCat("*", node.weight())));
  }
  return absl::StrJoin(nodes, " ");
}

std::string FaultOf(const absl::StatusOr<Imported>& imported) {
  return imported.ok() ? "" : std::string(imported.status().message());
}

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

std::string With(const std::string& text, const std::string& from,
                 const std::string& to) {
  EXPECT_NE(text.find(from), std::string::npos) << from;
  return absl::StrReplaceAll(text, {{from, to}});
}

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

constexpr char kHaproxy[] = R"(global
  maxconn 10
defaults
  mode http
  balance roundrobin
  default-server weight 7 check
backend other
  server x 1.1.1.1:1
  unknown thing
backend cache
  # a comment
  balance uri whole
  hash-type consistent djb2 avalanche
  server s1 10.0.0.1:80 inter 2s
  server s2 10.0.0.2:80 weight 3 id 9
  server s3 10.0.0.3:80 backup
  server s4 "10.0.0.4:80" weight 1 ssl verify none
)";

TEST(ImportHaproxyTest, TheServersOfTheBackendByTheirIds) {
  const auto imported =
      ReadHaproxy(kHaproxy, "h.cfg", "cache", v1::LAYOUT_HAPROXY);
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(imported->spec.layout(), v1::LAYOUT_HAPROXY);
  EXPECT_EQ(imported->spec.settings().key_hash(), "djb2");
  EXPECT_TRUE(imported->spec.settings().avalanche());
  EXPECT_EQ(imported->key, "uri whole");
  EXPECT_EQ(NodesOf(*imported), "s1=1*7 s2=9*3 s4=4");
}

TEST(ImportHaproxyTest, HashTypeAsItIsSaid) {
  const auto read = [](const std::string& hash_type) {
    return *ReadHaproxy(
        With(kHaproxy, "hash-type consistent djb2 avalanche", hash_type),
        "h.cfg", "cache", v1::LAYOUT_HAPROXY);
  };
  EXPECT_EQ(read("").spec.layout(), v1::LAYOUT_HAPROXY_MAP);
  EXPECT_EQ(read("hash-type map-based").spec.layout(), v1::LAYOUT_HAPROXY_MAP);
  const Imported plain = read("hash-type consistent");
  EXPECT_EQ(plain.spec.settings().key_hash(), "");
  EXPECT_FALSE(plain.spec.settings().has_avalanche());
}

TEST(ImportHaproxyTest, WhatIsNotUnderstoodNamesItsLine) {
  const auto fault = [](const std::string& from, const std::string& to) {
    return FaultOf(ReadHaproxy(With(kHaproxy, from, to), "h.cfg", "cache",
                               v1::LAYOUT_HAPROXY));
  };
  EXPECT_EQ(fault("# a comment", "stick on src"),
            "h.cfg:11: directive \"stick\" is not supported");
  EXPECT_EQ(fault("# a comment", "hash-balance-factor 150"),
            "h.cfg:11: hash-balance-factor moves keys by load; remove it");
  EXPECT_EQ(fault("inter 2s", "colour red"),
            "h.cfg:14: server parameter \"colour\" is not supported");
  EXPECT_EQ(fault("inter 2s", "inter"),
            "h.cfg:14: server parameter \"inter\" has no value");
  EXPECT_EQ(fault("weight 3", "weight 257"),
            "h.cfg:15: weight \"257\" is not a whole number from 0 to 256");
  EXPECT_EQ(fault("balance uri whole", "balance source"),
            "h.cfg:12: balance \"source\" is not supported (a hash of client "
            "addresses)");
  EXPECT_EQ(fault("balance uri whole", ""),
            "h.cfg:5: balance \"roundrobin\" is not supported; use for example "
            "uri");
  EXPECT_EQ(fault("consistent djb2", "consistent md5"),
            "h.cfg:13: function \"md5\" is not supported");
  EXPECT_EQ(fault("weight 1 ssl", "id 9 ssl"),
            "h.cfg:17: id 9 repeats line 15; change one");
  EXPECT_EQ(fault("\"10.0.0.4:80\"", "\"10.0.0.4:80"),
            "h.cfg:17: a quoted text has no closing quote");
  EXPECT_EQ(
      FaultOf(ReadHaproxy(kHaproxy, "h.cfg", "nowhere", v1::LAYOUT_HAPROXY)),
      "h.cfg: backend \"nowhere\" is not in the file");
  const std::string text = kHaproxy;
  EXPECT_EQ(
      FaultOf(ReadHaproxy(text.substr(0, text.size() - 9), "h.cfg", "cache",
                          v1::LAYOUT_HAPROXY)),
      "h.cfg:17: the last line has no newline; the file may be truncated");
}

TEST(ImportHaproxyTest, TheCallerChoosesTheLayoutOfHaproxy3) {
  const auto read = [](const std::string& from, const std::string& to) {
    return ReadHaproxy(With(kHaproxy, from, to), "h.cfg", "cache",
                       v1::LAYOUT_HAPROXY_3);
  };
  const auto imported = read("inter 2s", "hash-key id");
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(imported->spec.layout(), v1::LAYOUT_HAPROXY_3);
  EXPECT_EQ(NodesOf(*imported), "s1=1*7 s2=9*3 s4=4");
  EXPECT_EQ(read("consistent", "map-based")->spec.layout(),
            v1::LAYOUT_HAPROXY_MAP);
  EXPECT_EQ(FaultOf(read("inter 2s", "hash-key addr")),
            "h.cfg:14: hash-key \"addr\" is not supported; use id");
}

TEST(ImportHaproxyTest, HashKeyIsRejectedForVersionsBefore3) {
  EXPECT_EQ(FaultOf(ReadHaproxy(With(kHaproxy, "inter 2s", "hash-key id"),
                                "h.cfg", "cache", v1::LAYOUT_HAPROXY)),
            "h.cfg:14: hash-key requires HAProxy 3.0 or later; import with "
            "--from=haproxy_3");
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

// "host@zone: tokens" of each node.
std::string TokensOf(const Imported& imported) {
  std::string text;
  for (const v1::Node& node : imported.nodes) {
    std::vector<int64_t> tokens(node.points().begin(), node.points().end());
    absl::StrAppend(&text, node.id(), "@", node.zone(), ": ",
                    absl::StrJoin(tokens, ","), "; ");
  }
  return text;
}

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
