// Tests that keys which an older version wrote (tests/data) can still be read.
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/data/old_rings.h"
#include "tests/store/etcd_testing.h"

namespace clockwise {
namespace {

TEST(EtcdOldDataTest, KeysHaveTheirRingsAndTheirHistory) {
  for (const auto line :
       absl::StrSplit(DataIn("etcd.txt"), '\n', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> key_value =
        absl::StrSplit(line, ' ');
    EtcdProcess::Shared().Post(
        "/v3/kv/put",
        absl::StrCat(R"({"key":")", key_value.first, R"(","value":")",
                     key_value.second == "-" ? "" : key_value.second, R"("})"));
  }
  const auto rings = OpenEtcd("/clockwise/")->LoadAll();
  ASSERT_OK(rings.status());
  ExpectOldRings(*rings, "etcd.json");
}

}  // namespace
}  // namespace clockwise
