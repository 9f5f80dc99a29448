// FlagHelp formats --help for both programs. It shows flags as users type them
// (--weight=N, --output=table|json) and their defaults, in lines of 80 columns.
// Thread-compatible.
#ifndef CLOCKWISE_SERVICE_SERVER_FLAG_HELP_H_
#define CLOCKWISE_SERVICE_SERVER_FLAG_HELP_H_

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>

namespace clockwise {

class FlagHelp : public CLI::Formatter {
 public:
  // Descriptions begin at column `column`.
  explicit FlagHelp(size_t column);

  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;
  std::string make_option_usage(const CLI::Option* option) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_SERVER_FLAG_HELP_H_
