// Named points of a change at which tests end or hold the process. The
// shipped server never sets the hook: a point costs it one atomic load.
#ifndef CLOCKWISE_SERVICE_RUNTIME_FAIL_POINT_H_
#define CLOCKWISE_SERVICE_RUNTIME_FAIL_POINT_H_

#include <atomic>

namespace clockwise {

// Called with the name of each point that is passed, on the thread that passes
// it. Null: not called.
using FailPointHook = void (*)(const char* name);
inline std::atomic<FailPointHook> fail_point_hook = nullptr;

// The points are before_plan, before_commit, after_commit (before the state is
// published), and after_publish (before the reply is sent).
inline void PassFailPoint(const char* name) {
  const FailPointHook hook = fail_point_hook.load(std::memory_order_relaxed);
  if (hook != nullptr) hook(name);
}

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RUNTIME_FAIL_POINT_H_
