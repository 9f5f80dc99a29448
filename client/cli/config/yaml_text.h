// Which text can stand in a YAML file without quotes, and still be text for
// every reader. Pure functions.
#ifndef CLOCKWISE_CLIENT_CLI_CONFIG_YAML_TEXT_H_
#define CLOCKWISE_CLIENT_CLI_CONFIG_YAML_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace clockwise::cli {

// True if `plain`, a scalar without quotes, is text by YAML 1.1 and by
// YAML 1.2. False if either reads it as null, a boolean, a number or a date.
bool IsPlainText(absl::string_view plain);

// `text`, which must be UTF-8, as a YAML scalar: without quotes if it is plain
// text of letters, digits and a few signs, else as QuotedText.
std::string YamlText(absl::string_view text);

// `text`, which must be UTF-8, in double quotes. The result is a string of JSON
// and a double-quoted scalar of YAML. Control characters, line separators and
// characters that YAML does not allow are escaped.
std::string QuotedText(absl::string_view text);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_CONFIG_YAML_TEXT_H_
