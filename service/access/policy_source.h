// The newest policy that was in order. Thread-safe. What replaces it is checked
// first: a bad file changes nothing.
#ifndef CLOCKWISE_SERVICE_ACCESS_POLICY_SOURCE_H_
#define CLOCKWISE_SERVICE_ACCESS_POLICY_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "service/access/policy.h"
#include "service/mutex.h"

namespace clockwise {

class PolicySource {
 public:
  struct Files {
    std::string policy;
    std::string tokens;  // empty: there are none
  };

  // InvalidArgument: the files are not in order now.
  static absl::StatusOr<std::shared_ptr<PolicySource>> Open(Files files);

  std::shared_ptr<const Policy> Current() const;

  enum class Outcome { kUnchanged, kReplaced, kRefused };
  // Reads the files again. kRefused: `why` says what is wrong, once.
  Outcome Reload(absl::Status& why);

  struct Figures {
    uint64_t replaced = 0;
    uint64_t refused = 0;
  };
  Figures figures() const;

 private:
  struct Text {
    std::string policy;
    std::string tokens;
    friend bool operator==(const Text&, const Text&) = default;
  };
  PolicySource(Files files, Text text, Policy policy);
  static absl::StatusOr<Text> Read(const Files& files);

  const Files files_;
  mutable Mutex mu_;
  Text text_ ABSL_GUARDED_BY(mu_);  // of the current one
  std::shared_ptr<const Policy> current_ ABSL_GUARDED_BY(mu_);
  absl::Status refused_ ABSL_GUARDED_BY(mu_);
  Figures figures_ ABSL_GUARDED_BY(mu_);
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_ACCESS_POLICY_SOURCE_H_
