// The files of page/, which the build embeds in the program. Immutable.
#ifndef CLOCKWISE_SERVICE_HTTP_ASSETS_H_
#define CLOCKWISE_SERVICE_HTTP_ASSETS_H_

#include <span>

#include "absl/strings/string_view.h"

namespace clockwise {

struct Asset {
  absl::string_view name;  // of the file
  absl::string_view bytes;
};

std::span<const Asset> Assets();

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_ASSETS_H_
