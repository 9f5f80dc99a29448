// Linked with the server's own objects: a server that kills itself, as kill -9
// would, when it passes the point CLOCKWISE_FAIL_POINT=NAME:N for the N-th
// time. The shipped program does not contain this file.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string>

#include "service/runtime/fail_point.h"

namespace clockwise {
namespace {

std::string point;  // set before main, then only read
std::atomic<long> left = 0;

const bool installed [[maybe_unused]] = [] {
  const char* wanted = std::getenv("CLOCKWISE_FAIL_POINT");
  const char* colon = wanted == nullptr ? nullptr : std::strchr(wanted, ':');
  if (colon == nullptr) return false;
  point.assign(wanted, colon);
  left = std::atol(colon + 1);
  fail_point_hook = [](const char* name) {
    if (point == name && left.fetch_sub(1) == 1) kill(getpid(), SIGKILL);
  };
  return true;
}();

}  // namespace
}  // namespace clockwise
