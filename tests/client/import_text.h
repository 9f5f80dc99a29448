// Shared by the tests of the import: the result of a reader as text.
#ifndef CLOCKWISE_TESTS_CLIENT_IMPORT_TEXT_H_
#define CLOCKWISE_TESTS_CLIENT_IMPORT_TEXT_H_

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/import/imported.h"
#include "gtest/gtest.h"

namespace clockwise::cli {

// "id=hashed*weight" of each node; the hashed text only if it is not the id.
inline std::string NodesOf(const Imported& imported) {
  std::vector<std::string> nodes;
  for (const v1::Node& node : imported.nodes) {
    nodes.push_back(absl::StrCat(
        node.id(), node.hash_key().empty() ? "" : "=", node.hash_key(),
        node.weight() == 1 ? "" : absl::StrCat("*", node.weight())));
  }
  return absl::StrJoin(nodes, " ");
}

inline std::string FaultOf(const absl::StatusOr<Imported>& imported) {
  return imported.ok() ? "" : std::string(imported.status().message());
}

inline std::string With(const std::string& text, const std::string& from,
                        const std::string& to) {
  EXPECT_NE(text.find(from), std::string::npos) << from;
  return absl::StrReplaceAll(text, {{from, to}});
}

// "host@zone: tokens" of each node.
inline std::string TokensOf(const Imported& imported) {
  std::string text;
  for (const v1::Node& node : imported.nodes) {
    std::vector<int64_t> tokens(node.points().begin(), node.points().end());
    absl::StrAppend(&text, node.id(), "@", node.zone(), ": ",
                    absl::StrJoin(tokens, ","), "; ");
  }
  return text;
}

// Readers that also save each text, if $CLOCKWISE_IMPORT_FIXTURES names a
// folder, as NUMBER.SYSTEM.accepted or NUMBER.SYSTEM.rejected. The test
// tests.client.import_judges_test asks the real programs about these files.
namespace recorded {

inline absl::StatusOr<Imported> Record(const char* system,
                                       absl::string_view text,
                                       absl::StatusOr<Imported> imported) {
  static int number = 0;
  if (const char* folder = std::getenv("CLOCKWISE_IMPORT_FIXTURES")) {
    std::ofstream(absl::StrCat(folder, "/", number++, ".", system,
                               imported.ok() ? ".accepted" : ".rejected"))
        << text;
  }
  return imported;
}

inline absl::StatusOr<Imported> ReadHaproxy(absl::string_view text,
                                            const std::string& source,
                                            const std::string& backend,
                                            v1::Layout consistent) {
  return Record(consistent == v1::LAYOUT_HAPROXY ? "haproxy" : "haproxy_3",
                text, cli::ReadHaproxy(text, source, backend, consistent));
}

inline absl::StatusOr<Imported> ReadNginx(absl::string_view text,
                                          const std::string& source,
                                          const std::string& upstream,
                                          const std::string& context = "") {
  return Record("nginx", text, cli::ReadNginx(text, source, upstream, context));
}

inline absl::StatusOr<Imported> ReadTwemproxy(absl::string_view text,
                                              const std::string& source,
                                              const std::string& pool) {
  return Record("twemproxy", text, cli::ReadTwemproxy(text, source, pool));
}

}  // namespace recorded

}  // namespace clockwise::cli

#endif  // CLOCKWISE_TESTS_CLIENT_IMPORT_TEXT_H_
