// Tests the import of nginx's configurations: what is read, and what is refused
// with its line.
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/import/imported.h"
#include "gtest/gtest.h"
#include "tests/client/import_text.h"

namespace clockwise::cli {
namespace {

using recorded::ReadNginx;

constexpr char kNginx[] = R"(events {}
http {
  upstream other { server a; ip_hash; }
  map $uri $key { default "x;{"; }
  upstream cache { # the one
    server 10.0.0.3 backup;
    hash $http_x${uri} consistent;
    server 10.0.0.1:8080 weight=5 max_fails=2 fail_timeout=1s;
    server "unix:/run/a.sock" down; server [::1]:80;
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
  EXPECT_EQ(imported->notes[0],
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
            "n.conf:8: parameter \"resolve\" is not supported");
  EXPECT_EQ(fault("weight=5", "weight=0"),
            "n.conf:8: weight \"0\" is not a whole number from 1 to 65535");
  EXPECT_EQ(fault(" consistent", " consistently"),
            "n.conf:7: write `hash KEY [consistent]`, and only once");
  EXPECT_EQ(fault("hash $http_x${uri} consistent;", ""),
            "n.conf:5: upstream \"cache\" has no hash directive");
  EXPECT_EQ(fault("upstream other", "upstream cache"),
            "n.conf:5: upstream \"cache\" repeats line 3; remove one of them");
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

// An upstream "cache" in `http`, with `lines`.
std::string Http(const std::string& lines) {
  return absl::StrCat("events {}\nhttp {\nupstream cache {\n", lines, "}\n}\n");
}

TEST(ImportNginxTest, ServersAreHostsPortsOrSockets) {
  const auto read = [](const std::string& server) {
    return ReadNginx(Http("hash $uri;\nserver " + server + ";\n"), "n.conf",
                     "cache");
  };
  for (const char* server :
       {"10.0.0.1", "10.0.0.1:080", "web_1.example.org:80", "[::1]",
        "unix:/run/a.sock", "UNIX:/run/a.sock", "\"localhost\"", "web.1:80"}) {
    EXPECT_TRUE(read(server).ok()) << read(server).status();
  }
  EXPECT_EQ(FaultOf(read("${CACHE_HOST}:8080")),
            "n.conf:5: \"${CACHE_HOST}\" is not a host name or an IP address; "
            "if it is a placeholder, import the file that has the value");
  for (const char* server : {"@HOST@:80",
                             "[fe80::1%eth0]:80",
                             "%HOST%:80",
                             "<host>:80",
                             "__HOST__:80",
                             "CACHE_HOST:80",
                             "$host:80",

                             "[[host]]:80",
                             "%%HOST%%:80",
                             "(host):80",
                             "10.0.0.x:80",
                             "10.0.0.300:80",
                             "10.x.y.z:80",
                             "10.0.0.N",
                             "YOUR-IP-HERE",
                             "x.x.x.x:80",
                             "changeme:80",
                             "10.0.0.1:0",
                             "10.0.0.1:",
                             "10.0.0.1:http",
                             "10.0.0.1:${PORT}",
                             "::1",
                             "10.0.0.1:80/path",
                             "http://10.0.0.1:80",
                             "unix:",
                             "unix:/${X}",
                             "10.0.0.1:80,10.0.0.2:80",
                             "[10.0.0.1]:80",
                             "[::1",
                             "\"\"",
                             "10.0.0.1 weight=+3",
                             "10.0.0.1 weight=${W}"}) {
    EXPECT_EQ(FaultOf(read(server)).substr(0, 10), "n.conf:5: ") << server;
  }
  // A template of Jinja or Go opens a block in the place of a word.
  EXPECT_EQ(FaultOf(read("{{ host }}:80")).substr(0, 10), "n.conf:5: ");
  EXPECT_EQ(FaultOf(ReadNginx(Http("{% for x in y %}\n"), "n.conf", "cache"))
                .substr(0, 10),
            "n.conf:4: ");
}

TEST(ImportNginxTest, ARepeatedServerCountsForAPlainHashOnly) {
  const std::string servers =
      "server 10.0.0.1:80;\nserver 10.0.0.2:80;\n"
      "server 10.0.0.1:80 weight=3;\n";
  EXPECT_EQ(FaultOf(ReadNginx(Http("hash $uri consistent;\n" + servers),
                              "n.conf", "cache")),
            "n.conf:7: server \"10.0.0.1:80\" repeats line 5; remove one of "
            "them");
  const auto plain =
      ReadNginx(Http("hash $uri;\n" + servers), "n.conf", "cache");
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(NodesOf(*plain), "10.0.0.1:80 10.0.0.2:80 10.0.0.1:80_2*3");
  EXPECT_EQ(plain->nodes[2].address(), "10.0.0.1:80");
}

TEST(ImportNginxTest, TheContextChoosesBetweenHttpAndStream) {
  const std::string text = absl::StrCat(
      "stream { upstream cache {\nhash $remote_addr consistent;\n"
      "server 10.0.0.1:53; } }\n",
      Http("hash $uri;\nserver 10.0.0.2:80;\n"));
  EXPECT_EQ(FaultOf(ReadNginx(text, "n.conf", "cache")),
            "n.conf:6: upstream \"cache\" is in http, and on line 1 in stream; "
            "choose one with --nginx-context");
  EXPECT_EQ(NodesOf(*ReadNginx(text, "n.conf", "cache", "stream")),
            "10.0.0.1:53");
  EXPECT_EQ(NodesOf(*ReadNginx(text, "n.conf", "cache", "http")),
            "10.0.0.2:80");
  EXPECT_EQ(FaultOf(ReadNginx(Http("hash $uri;\nserver a;\n"), "n.conf",
                              "cache", "stream")),
            "n.conf: upstream \"cache\" is not in the file in stream");
  const std::string part = "upstream cache { hash $uri; server 10.0.0.1; }\n";
  EXPECT_EQ(NodesOf(*ReadNginx(part, "n.conf", "cache")), "10.0.0.1");
  EXPECT_EQ(FaultOf(ReadNginx(part + part, "n.conf", "cache")),
            "n.conf:2: upstream \"cache\" repeats line 1; remove one of them");
}

TEST(ImportNginxTest, IncludedFilesAreNamed) {
  EXPECT_EQ(FaultOf(ReadNginx("http {\ninclude conf.d/*.conf;\n}\n", "n.conf",
                              "cache")),
            "n.conf:2: upstream \"cache\" is not in the file, and included "
            "files are not read; import the output of nginx -T");
  EXPECT_EQ(FaultOf(ReadNginx(Http("hash $uri;\ninclude servers.conf;\n"),
                              "n.conf", "cache")),
            "n.conf:5: directive \"include\" is not supported in an "
            "upstream; replace it by the lines of the file");
  EXPECT_TRUE(
      ReadNginx("include modules/*.conf;\n" + Http("hash $uri;\nserver a;\n"),
                "n.conf", "cache")
          .ok());
}

TEST(ImportNginxTest, TheOutputOfNginxTStatesTheContext) {
  const std::string text =
      "# configuration file /etc/nginx/nginx.conf:\n"
      "events {}\nhttp {\n  include conf.d/*.conf;\n}\n"
      "stream { include /srv/stream.conf; }\n"
      "# configuration file /etc/nginx/conf.d/a.conf:\n"
      "upstream cache { hash $uri; server 10.0.0.1; }\n"
      "include /etc/nginx/more.conf;\n"
      "# configuration file /srv/stream.conf:\n"
      "upstream cache { hash $remote_addr; server 10.0.0.2; }\n"
      "# configuration file /etc/nginx/more.conf:\n"
      "upstream more { hash $uri; server 10.0.0.3; }\n";
  EXPECT_EQ(
      FaultOf(ReadNginx(text, "n.conf", "cache")),
      "n.conf:11: upstream \"cache\" is in stream, and on line 8 in http; "
      "choose one with --nginx-context");
  EXPECT_EQ(NodesOf(*ReadNginx(text, "n.conf", "cache", "http")), "10.0.0.1");
  EXPECT_EQ(NodesOf(*ReadNginx(text, "n.conf", "cache", "stream")), "10.0.0.2");
  EXPECT_EQ(NodesOf(*ReadNginx(text, "n.conf", "more", "http")), "10.0.0.3");
  EXPECT_EQ(FaultOf(ReadNginx(text, "n.conf", "more", "stream")),
            "n.conf:4: upstream \"more\" is not in the file in stream");
}

TEST(ImportNginxTest, WhatNginxRejectsIsRejected) {
  const auto fault = [](const std::string& lines) {
    return FaultOf(ReadNginx(Http(lines), "n.conf", "cache"));
  };
  for (const char* good :
       {"max_fails=0", "fail_timeout=1m30s", "fail_timeout=10", "max_conns=5",
        "max_fails=1 fail_timeout=5s"}) {
    EXPECT_EQ(fault(absl::StrCat("hash $uri;\nserver 10.0.0.1 ", good, ";")),
              "");
  }
  for (const char* bad : {"max_fails=abc", "max_fails=", "fail_timeout=xyz",
                          "max_conns=-1", "max_fails=1s"}) {
    EXPECT_EQ(fault(absl::StrCat("hash $uri;\nserver 10.0.0.1 ", bad, ";")),
              absl::StrCat("n.conf:5: nginx rejects \"", bad, "\""));
  }
  for (const char* good : {"keepalive 1;", "zone z 64k;",
                           "keepalive_timeout 60s;", "keepalive_requests 5;"}) {
    EXPECT_EQ(fault(absl::StrCat("hash $uri;\n", good, "\nserver 10.0.0.1;")),
              "");
  }
  for (const char* bad : {"keepalive;", "keepalive 0;", "keepalive abc;",
                          "zone;", "zone z 64k 5;", "keepalive_timeout xx;"}) {
    EXPECT_EQ(fault(absl::StrCat("hash $uri;\n", bad, "\nserver 10.0.0.1;"))
                  .substr(0, 23),
              "n.conf:5: nginx rejects")
        << bad;
  }
  EXPECT_EQ(fault("hash $uri;\nkeepalive 1;\nkeepalive 2;\nserver 10.0.0.1;"),
            "n.conf:6: \"keepalive\" occurs twice");
  EXPECT_EQ(fault("hash ${request_uri consistent;\nserver 10.0.0.1;"),
            "n.conf:4: the variable in \"${request_uri\" is not complete");
  EXPECT_EQ(fault("hash $ consistent;\nserver 10.0.0.1;"),
            "n.conf:4: the variable in \"$\" is not complete");
  EXPECT_EQ(fault("hash \"\" consistent;\nserver 10.0.0.1;"), "");
  EXPECT_EQ(fault("hash $uri;\nserver \"10.0.0.1:80\"weight=2;"),
            "n.conf:5: unexpected \"w\" after a quoted text");
  const std::string upstream = "upstream cache { hash $uri; server 10.0.0.1; }";
  EXPECT_EQ(
      FaultOf(ReadNginx("\xEF\xBB\xBF" + upstream + "\n", "n.conf", "cache")),
      "n.conf:1: nginx rejects the byte order mark at the start of the file; "
      "remove it");
  EXPECT_EQ(FaultOf(ReadNginx(
                "http { server { location / {\n" + upstream + "\n} } }\n",
                "n.conf", "cache")),
            "n.conf:2: nginx rejects an upstream inside \"location\"; move it "
            "to http or stream");
}

TEST(ImportNginxTest, LuaBlocksAreSkipped) {
  const std::string lua =
      "init_by_lua_block {\n"
      "  -- it's a comment with a }\n"
      "  local a = \"}\" local b = '\\'}' local t = { x = { } }\n"
      "  local c = [[ } \" ]] local d = [==[ ]] } ]==]\n"
      "  --[[ } it's\n ]]\n"
      "}\n"
      "server { set_by_lua_block $x { return \"}\" } }\n";
  const std::string upstream =
      "upstream cache {\nhash $uri;\nserver 10.0.0.1;\n}\n";
  const auto imported = ReadNginx(
      absl::StrCat("http {\n", lua, upstream, lua, "}\n"), "n.conf", "cache");
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(NodesOf(*imported), "10.0.0.1");
  EXPECT_EQ(imported->places[0].line, 12);
  EXPECT_EQ(FaultOf(ReadNginx(upstream + "x_by_lua_block {\n '}'\n", "n.conf",
                              "cache")),
            "n.conf:5: the Lua block has no end; the file may be truncated");
  EXPECT_EQ(
      FaultOf(ReadNginx(
          Http("hash $uri;\nbalancer_by_lua_block {\n local x = '}'\n}\n"),
          "n.conf", "cache")),
      "n.conf:5: directive \"balancer_by_lua_block\" is not supported");
}

TEST(ImportNginxTest, ABackupAfterHashIsRefusedAsByNginx) {
  EXPECT_EQ(FaultOf(ReadNginx(Http("hash $uri;\nserver 10.0.0.1;\n"
                                   "server 10.0.0.2 backup;\n"),
                              "n.conf", "cache")),
            "n.conf:6: nginx rejects \"backup\" after `hash`; move the server "
            "above it");
}

}  // namespace
}  // namespace clockwise::cli
