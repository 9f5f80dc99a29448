// Parts of nginx's configuration that do not affect placement, in the form that
// nginx accepts, and the files in the output of `nginx -T`. Pure.
#ifndef CLOCKWISE_CLIENT_CLI_IMPORT_NGINX_OPTIONS_H_
#define CLOCKWISE_CLIENT_CLI_IMPORT_NGINX_OPTIONS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/cli/import/imported.h"

namespace clockwise::cli {

// Rejects a directive of an upstream that is unknown, or that nginx rejects.
[[nodiscard]] absl::Status CheckNginxOption(
    const SourceLine& place, const std::vector<std::string>& words, bool block);

// Rejects a parameter of `server` that is unknown, or that nginx rejects.
[[nodiscard]] absl::Status CheckNginxParameter(const SourceLine& place,
                                               absl::string_view word);

// Rejects a text whose variables nginx cannot read, for example "${uri".
[[nodiscard]] absl::Status CheckNginxVariables(const SourceLine& place,
                                               absl::string_view text);

// NginxFiles finds the context of the files in the output of `nginx -T`, which
// marks the begin of each with `# configuration file PATH:`.
class NginxFiles {
 public:
  explicit NginxFiles(absl::string_view text);

  // True if the text is not the output of `nginx -T`.
  bool empty() const { return files_.empty(); }

  // Notes an `include PATTERN` on this line; `block` is the outermost block
  // around it, or "".
  void Include(const std::string& pattern, int line, const std::string& block);

  // Returns the outermost block around the file of this line, or "".
  std::string ContextAt(int line) const;

 private:
  // Returns the path of the file of this line, or "".
  std::string FileAt(int line) const;

  std::map<int, std::string> files_;  // path, by first line
  // Outermost block by pattern, of all includes. A pattern is absolute, or
  // relative to the folder of the first file.
  std::map<std::string, std::string> includes_;
};

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_IMPORT_NGINX_OPTIONS_H_
