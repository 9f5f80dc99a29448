// A certificate authority for a test, which uses the openssl command.
#ifndef CLOCKWISE_TESTS_SUPPORT_TEST_AUTHORITY_H_
#define CLOCKWISE_TESTS_SUPPORT_TEST_AUTHORITY_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "service/access/policy.h"

namespace clockwise {

class TestAuthority {
 public:
  TestAuthority() {
    std::string name = std::filesystem::temp_directory_path() / "tls-XXXXXX";
    folder_ = mkdtemp(name.data());
    OpenSsl("req -x509 " + Key("ca") + " -out ca.pem -days 2 -subj /CN=ca");
  }
  ~TestAuthority() { std::filesystem::remove_all(folder_); }
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  struct Pair {
    std::string certificate, key;  // paths
  };
  // Issues a certificate for `name`, as "DNS:web.example".
  Pair Issue(const std::string& file, const std::string& name) {
    OpenSsl("req " + Key(file) + " -out " + file + ".csr -subj /CN=" + file);
    std::ofstream(Path(file + ".ext")) << "subjectAltName=" << name << "\n";
    OpenSsl("x509 -req -in " + file + ".csr -CA ca.pem -CAkey ca.key " +
            "-CAcreateserial -days 2 -extfile " + file + ".ext -out " + file +
            ".pem");
    return {Path(file + ".pem"), Path(file + ".key")};
  }
  // Returns the policy of these texts, in files named "policy" and "tokens".
  // Null and a test failure if they are rejected.
  std::shared_ptr<PolicySource> Policy(const std::string& json,
                                       const std::string& tokens) {
    std::ofstream(Path("policy")) << json;
    std::ofstream(Path("tokens")) << tokens;
    auto source = OpenPolicy({Path("policy"), Path("tokens")});
    EXPECT_TRUE(source.ok()) << source.status();
    return source.ok() ? *std::move(source) : nullptr;
  }
  std::string ca() const { return Path("ca.pem"); }
  std::string Path(const std::string& file) const { return folder_ / file; }

 private:
  static std::string Key(const std::string& name) {
    return "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout " +
           name + ".key";
  }
  void OpenSsl(const std::string& arguments) const {
    const std::string command =
        "cd " + folder_.string() + " && openssl " + arguments + " 2>/dev/null";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
  }

  std::filesystem::path folder_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_SUPPORT_TEST_AUTHORITY_H_
