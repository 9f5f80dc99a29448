// Tests the import of HAProxy's configurations: what is read, what is refused
// with its line, and which lines reach the backend.
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/import/imported.h"
#include "gtest/gtest.h"
#include "tests/client/import_text.h"

namespace clockwise::cli {
namespace {

using recorded::ReadHaproxy;

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

TEST(ImportHaproxyTest, ParametersOfBalanceAreThoseOfHaproxy) {
  const auto fault = [](const std::string& balance) {
    return FaultOf(ReadHaproxy(With(kHaproxy, "uri whole", balance), "h.cfg",
                               "cache", v1::LAYOUT_HAPROXY));
  };
  for (const char* good :
       {"uri", "uri len 5 depth 2 whole path-only", "url_param u",
        "url_param u check_post 100", "hdr(X)", "hdr(X) use_domain_only",
        "hash req.hdr(x),lower", "rdp-cookie", "rdp-cookie(x)"}) {
    EXPECT_EQ(fault(good), "") << good;
  }
  for (const char* bad :
       {"uri foo", "uri len", "uri len 0", "uri depth x", "url_param",
        "url_param u foo", "hdr()", "hdr(X", "hdr(X) foo", "hash", "hash a b",
        "rdp-cookie(", "rdp-cookie()", "hdr(X Y)"}) {
    EXPECT_NE(fault(bad).find("h.cfg:12: "), std::string::npos)
        << bad << fault(bad);
  }
}

TEST(ImportHaproxyTest, NothingStandsBeforeTheFirstSection) {
  const std::string text = kHaproxy;
  const auto fault = [](const std::string& changed) {
    return FaultOf(ReadHaproxy(changed, "h.cfg", "cache", v1::LAYOUT_HAPROXY));
  };
  EXPECT_EQ(fault("\xEF\xBB\xBF" + text),
            "h.cfg:1: \"\\xef\\xbb\\xbfglobal\" is not the name of a section, "
            "and no section has begun");
  EXPECT_EQ(fault("maxconn 5\n" + text),
            "h.cfg:1: \"maxconn\" is not the name of a section, and no "
            "section has begun");
  EXPECT_EQ(fault("Defaults\n" + text),
            "h.cfg:1: \"Defaults\" is not a section; write \"defaults\"");
  EXPECT_EQ(fault("# a comment\n\n" + text), "");
  EXPECT_EQ(fault(With(text, "defaults", "default")),
            "h.cfg:3: \"default\" is not a section; write \"defaults\"");
  EXPECT_EQ(fault(With(text, "backend cache", "Backend cache")),
            "h.cfg:10: \"Backend\" is not a section; write \"backend\"");
  EXPECT_EQ(fault(With(text, "weight 3", std::string("weight 3\0", 9))),
            "h.cfg:15: the line contains a NUL character");
  EXPECT_EQ(fault(With(text, "weight 7 check", "weight 7 id 5")),
            "h.cfg:6: HAProxy ignores \"id\" in default-server; remove it");
}

TEST(ImportHaproxyTest, ARewriteOfWhatIsHashedIsNoted) {
  const auto notes = [](const std::string& balance, const std::string& line) {
    const auto imported = ReadHaproxy(
        With(With(kHaproxy, "uri whole", balance), "# a comment", line),
        "h.cfg", "cache", v1::LAYOUT_HAPROXY);
    EXPECT_TRUE(imported.ok()) << imported.status();
    size_t count = 0;
    for (const std::string& note : imported->notes) {
      count += note.find("line 11: http-request ") == 0 ? 1 : 0;
    }
    return count;
  };
  EXPECT_EQ(notes("hdr(X-Key)", "http-request set-header x-key fixed"), 1);
  EXPECT_EQ(notes("hdr(X-Key)", "http-request set-header Other fixed"), 0);
  EXPECT_EQ(notes("uri", "http-request replace-path a b"), 1);
  EXPECT_EQ(notes("uri", "http-request set-header x y"), 0);
}

TEST(ImportHaproxyTest, NegationIsForOptionsAndLog) {
  const auto fault = [](const std::string& line) {
    return FaultOf(ReadHaproxy(With(kHaproxy, "# a comment", line), "h.cfg",
                               "cache", v1::LAYOUT_HAPROXY));
  };
  for (const char* good :
       {"no option httpclose", "default option redispatch", "no log",
        "option forwardfor except 127.0.0.1", "no option http_proxy"}) {
    EXPECT_EQ(fault(good), "") << good;
  }
  EXPECT_EQ(fault("no hash-type"),
            "h.cfg:11: directive \"no\" is not supported");
  EXPECT_EQ(fault("default balance"),
            "h.cfg:11: \"default\" is not a section; write \"defaults\"");
  EXPECT_EQ(fault("option nosuch"),
            "h.cfg:11: option \"nosuch\" is not supported");
  EXPECT_EQ(fault("option http_proxy"),
            "h.cfg:11: option \"http_proxy\" is not supported");
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
  EXPECT_EQ(fault("# a comment", "hash-balance-factor"),
            "h.cfg:11: hash-balance-factor requires one value");
  EXPECT_EQ(fault("# a comment", "hash-preserve-affinity maxconn"),
            "h.cfg:11: hash-preserve-affinity moves keys by load, except with "
            "always");
  EXPECT_EQ(fault("inter 2s", "colour red"),
            "h.cfg:14: server parameter \"colour\" is not supported");
  EXPECT_EQ(fault("inter 2s", "inter"),
            "h.cfg:14: server parameter \"inter\" has no value");
  EXPECT_EQ(fault("weight 3", "weight 257"),
            "h.cfg:15: weight \"257\" is not a whole number from 0 to 256");
  EXPECT_EQ(fault("weight 3", "weight 0"), "");
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

// Reads a configuration of HAProxy whose backend is "be".
absl::StatusOr<Imported> ReadBe(const std::string& text) {
  return ReadHaproxy(text, "h.cfg", "be", v1::LAYOUT_HAPROXY);
}

constexpr char kBe[] =
    "backend be\n"
    " server s1 10.0.0.1:80\n"
    " server s2 10.0.0.2:80\n";
constexpr char kHashes[] =
    " mode http\n balance hdr(X-Key)\n hash-type consistent\n";

std::string DecidedBy(int condition, const std::string& what, int line) {
  return absl::StrCat("h.cfg:", condition, ": the condition decides whether \"",
                      what, "\" of line ", line,
                      " applies; keep only the lines that apply");
}

TEST(ImportHaproxyTest, AConditionThatReachesTheBackendIsRefused) {
  const std::string choice =
      " .if version_atleast(2.4)\n balance hdr(X-Key)\n .else\n"
      " balance hdr(X-Other)\n .endif\n";
  EXPECT_EQ(
      FaultOf(ReadBe(absl::StrCat("defaults\n mode http\n", choice, kBe))),
      DecidedBy(3, "balance", 4));
  EXPECT_EQ(FaultOf(ReadBe(absl::StrCat(kBe, choice))),
            DecidedBy(4, "balance", 5));
  EXPECT_EQ(FaultOf(ReadBe(absl::StrCat("defaults base\n mode http\n", choice,
                                        "defaults b from base\nbackend be "
                                        "from b\n server s1 10.0.0.1:80\n"))),
            DecidedBy(3, "balance", 4));
  // Conditions around sections.
  EXPECT_EQ(FaultOf(ReadBe(absl::StrCat(".if feature(LUA)\ndefaults\n", kHashes,
                                        ".endif\n", kBe))),
            DecidedBy(1, "defaults", 2));
  EXPECT_EQ(FaultOf(ReadBe(absl::StrCat(
                "defaults\n", kHashes, ".if feature(LUA)\n", kBe, ".endif\n"))),
            DecidedBy(5, "backend", 6));
  // The last line belongs to one of two backends.
  EXPECT_EQ(
      FaultOf(ReadBe(absl::StrCat("defaults\n", kHashes, kBe,
                                  ".if feature(LUA)\nbackend other\n.endif\n"
                                  " server s3 10.0.0.3:80\n"))),
      DecidedBy(8, "server", 11));
  // Another branch continues the named section.
  EXPECT_EQ(FaultOf(ReadBe(absl::StrCat(
                "defaults a\n", kHashes, ".if feature(LUA)\ndefaults b\n",
                ".else\n balance uri\n.endif\nbackend be from a\n"
                " server s1 10.0.0.1:80\n"))),
            DecidedBy(5, "defaults", 6));
  EXPECT_EQ(FaultOf(ReadBe(absl::StrCat(".if 1\n", kBe))),
            "h.cfg:1: the condition decides whether \"backend\" of line 2 "
            "applies; keep only the lines that apply");
  EXPECT_EQ(FaultOf(ReadBe(absl::StrCat("defaults\n", kHashes, kBe,
                                        "frontend f\n.if 1\n"))),
            "h.cfg:9: .if has no matching .endif; the file may be truncated");
  EXPECT_EQ(FaultOf(ReadBe(absl::StrCat(kBe, ".endif\n"))),
            "h.cfg:4: .endif has no matching .if");
}

TEST(ImportHaproxyTest, AConditionThatCannotMoveAKeyIsRead) {
  const std::string timeout = " .if 1\n timeout server 5s\n .endif\n";
  const auto imported = ReadBe(absl::StrCat(
      ".if 1\nfrontend f\n bind :80\n.endif\ndefaults\n", kHashes, timeout,
      "defaults b\n.if 1\n balance source\n.endif\ndefaults c\n", kHashes, kBe,
      timeout, ".notice \"x\"\n", "frontend g\n.if 1\n bind :81\n.endif\n"));
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(imported->key, "hdr(X-Key)");
  EXPECT_EQ(imported->spec.layout(), v1::LAYOUT_HAPROXY);
  EXPECT_EQ(NodesOf(*imported), "s1=1 s2=2");
}

TEST(ImportHaproxyTest, TheDefaultsThatReachTheBackend) {
  const std::string other =
      "defaults other\n mode http\n balance uri\n hash-type map-based\n";
  const std::string servers =
      " server s1 10.0.0.1:80\n server s2 10.0.0.2:80 backup\n";
  const std::string base =
      absl::StrCat("defaults base\n", kHashes, " default-server weight 7\n");
  for (const std::string& text :
       {absl::StrCat(base, other, "backend be from base\n", servers),
        absl::StrCat(base, "defaults b from base\n no log\n", other,
                     "backend be from b\n", servers),
        absl::StrCat(other, base, "listen be from base\n bind :80\n", servers),
        absl::StrCat(other, base, "backend be\n", servers)}) {
    const auto imported = ReadBe(text);
    ASSERT_TRUE(imported.ok()) << imported.status() << text;
    EXPECT_EQ(imported->spec.layout(), v1::LAYOUT_HAPROXY) << text;
    EXPECT_EQ(imported->key, "hdr(X-Key)") << text;
    EXPECT_EQ(NodesOf(*imported), "s1=1*7") << text;
  }
  // A `defaults` without `from` inherits nothing.
  EXPECT_EQ(FaultOf(ReadBe(absl::StrCat(base, "defaults\n mode http\n", kBe))),
            "h.cfg:8: no balance directive; use one that hashes keys");
  EXPECT_EQ(FaultOf(ReadBe("backend be from base\n")),
            "h.cfg:1: no defaults \"base\" is above this line");
  EXPECT_EQ(FaultOf(ReadBe(
                absl::StrCat(base, base, "backend be from base\n", servers))),
            "h.cfg:6: defaults \"base\" repeats line 1; rename one of them");
  EXPECT_EQ(FaultOf(ReadBe(absl::StrCat(base, "backend be 10.0.0.1:80\n"))),
            "h.cfg:6: \"10.0.0.1:80\" after the name of the section is not "
            "supported");
}

TEST(ImportHaproxyTest, ALineOfDefaultsIsRefusedOnlyWhereItReaches) {
  for (const std::string line :
       {"cookie SRV insert", "hash-balance-factor 150", "persist rdp-cookie",
        "foo bar", "server s 10.0.0.1:80", "disabled", "option http_proxy",
        "default-server colour red"}) {
    const std::string defaults = absl::StrCat("defaults\n ", line, "\n");
    const std::string fault =
        FaultOf(ReadBe(absl::StrCat(defaults, kHashes, kBe)));
    EXPECT_EQ(fault.substr(0, 9), "h.cfg:2: ") << line << fault;
    EXPECT_TRUE(ReadBe(absl::StrCat(defaults, "defaults\n", kHashes, kBe)).ok())
        << line;
  }
}

TEST(ImportHaproxyTest, EnvironmentVariablesAreRefusedWhereTheyMatter) {
  const std::string text = absl::StrCat("defaults\n", kHashes,
                                        " errorfile 500 \"${DIR}/500\"\n", kBe);
  EXPECT_TRUE(ReadBe(text).ok());
  const auto fault = [&](const std::string& from, const std::string& to) {
    return FaultOf(ReadBe(With(text, from, to)));
  };
  EXPECT_EQ(fault("10.0.0.2:80", "\"${NODE_2}:80\""),
            "h.cfg:8: directive \"server\" uses the environment variable "
            "\"${NODE_2}\"; write its value");
  EXPECT_EQ(fault("consistent", "\"$TYPE\""),
            "h.cfg:4: directive \"hash-type\" uses the environment variable "
            "\"$TYPE\"; write its value");
  EXPECT_EQ(fault("backend be", "backend be from \"${D-a}\""),
            "h.cfg:6: directive \"backend\" uses the environment variable "
            "\"${D-a}\"; write its value");
  EXPECT_EQ(fault("backend be", "backend \"$B\""),
            "h.cfg:6: directive \"backend\" uses the environment variable "
            "\"$B\"; write its value");
  EXPECT_EQ(fault("mode http", "\"$ALL\""),
            "h.cfg:2: directive \"$ALL\" uses the environment variable "
            "\"$ALL\"; write its value");
  // HAProxy replaces variables of an address without quotes, too.
  EXPECT_NE(fault("10.0.0.2:80", "$NODE_2:80"), "");
  EXPECT_TRUE(ReadBe(absl::StrCat(text, "backend \"$B\"\n")).ok());
}

TEST(ImportHaproxyTest, EscapesAreThoseOfHaproxy) {
  const std::string text = absl::StrCat("defaults\n", kHashes, kBe);
  const auto read = [&](const std::string& to) {
    return ReadBe(With(text, "s2 10.0.0.2:80", to));
  };
  EXPECT_EQ(NodesOf(*read("s2 10.0.0.2:80 weight \\x33")), "s1=1 s2=2*3");
  EXPECT_EQ(NodesOf(*read("s2 10.0.0.2:80 weight 03#x")), "s1=1 s2=2*3");
  EXPECT_EQ(
      FaultOf(read("\\#2 10.0.0.2:80")),
      "h.cfg:7: server name \"#2\" has characters other than A-Z, a-z, 0-9, "
      "\"-\", \"_\", \".\" and \":\"");
  for (const char* weight : {"\\3", "+3", "3x", "'\\x33'", "''", "-1"}) {
    EXPECT_FALSE(read(absl::StrCat("s2 10.0.0.2:80 weight ", weight)).ok())
        << weight;
  }
}

TEST(ImportHaproxyTest, ModeDecidesWhetherKeysAreHashed) {
  const std::string text = absl::StrCat("defaults\n", kHashes, kBe);
  EXPECT_EQ(FaultOf(ReadBe(With(text, "mode http", "mode tcp"))),
            "h.cfg:2: balance \"hdr(X-Key)\" requires `mode http`; otherwise "
            "HAProxy uses round robin");
  EXPECT_TRUE(ReadBe(With(With(text, "mode http", "mode tcp"), "hdr(X-Key)",
                          "hash src"))
                  .ok());
  const auto unset = ReadBe(With(text, " mode http\n", ""));
  ASSERT_TRUE(unset.ok());
  EXPECT_EQ(unset->notes[0],
            "the file does not set `mode http`; without it, HAProxy uses round "
            "robin");
}

TEST(ImportHaproxyTest, WhatHaproxyRefusesIsRefused) {
  const std::string text = absl::StrCat("defaults\n", kHashes, kBe);
  const auto fault = [&](const std::string& from, const std::string& to) {
    return FaultOf(ReadBe(With(text, from, to)));
  };
  EXPECT_EQ(fault("s2", "s1"),
            "h.cfg:7: server \"s1\" repeats line 6; rename one of them");
  EXPECT_EQ(fault("consistent", "consistent avalanche"),
            "h.cfg:4: function \"avalanche\" is not supported");
  EXPECT_EQ(fault("balance hdr(X-Key)", "balance"),
            "h.cfg:3: balance \"roundrobin\" is not supported; use for example "
            "uri");
}

TEST(ImportHaproxyTest, LinesThatCannotMoveAKeyAreRead) {
  const auto imported = ReadBe(absl::StrCat(
      "defaults\n", kHashes, " load-server-state-from-file global\n", kBe,
      " stick-table type ip size 1m\n redirect scheme https\n",
      " http-send-name-header X\n reqadd X\n option redispatch\n",
      " server s3 10.0.0.3:80 cookie A redir http://x no-backup\n"));
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(NodesOf(*imported), "s1=1 s2=2 s3=3");
  EXPECT_EQ(imported->notes.back(),
            "load-server-state-from-file: HAProxy may replace the weights by "
            "those of its state file");
}

TEST(ImportHaproxyTest, AddressesAreHostsOrSockets) {
  const std::string text = absl::StrCat("defaults\n", kHashes, kBe);
  const auto read = [&](const std::string& address) {
    return ReadBe(With(text, "10.0.0.2:80", address));
  };
  for (const char* address :
       {"10.0.0.3", "10.0.0.3:80", "web_1.example.org:80", "[::1]:80",
        "2001:db8::1:80", "ipv6@::1:80", "unix@/run/a.sock", "/run/a.sock",
        "abns@a", "10.0.0.3:+5", "*", "*:80", "10.0.0.3:"}) {
    EXPECT_TRUE(read(address).ok()) << address << read(address).status();
  }
  for (const char* address :
       {"{{ip}}:80", "@HOST@:80", "<ip>:80", "__HOST__:80", "10.0.0.300:80",
        "10.0.0.x:80", "10.0.0:80", "CACHE_HOST:80", "%HOST%:80", "-a:80",
        "a..b:80", "changeme:80", "10.0.0.3:99999", "10.0.0.3:http",
        "unix@/run/${X}", "[::g]:80", "a,b:80", "a;b"}) {
    EXPECT_EQ(FaultOf(read(address)).substr(0, 9), "h.cfg:7: ") << address;
  }
}

}  // namespace
}  // namespace clockwise::cli
