// Reads the parameters of one HTTP request by name and type. Thread-compatible.
#ifndef CLOCKWISE_SERVICE_HTTP_API_PARAMETERS_H_
#define CLOCKWISE_SERVICE_HTTP_API_PARAMETERS_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace clockwise {

class Parameters {
 public:
  using Map = std::multimap<std::string, std::string>;

  // `given` must outlive this object.
  explicit Parameters(const Map& given) : given_(given) {}

  // A parameter that must be there. Check reports it if it is missing.
  // `example` shows how to send it.
  void Require(const std::string& name, const std::string& example);
  // Each returns the default if the parameter is missing. Check reports errors.
  std::string Text(const std::string& name);
  uint64_t Number(const std::string& name);
  uint32_t SmallNumber(const std::string& name);
  bool Flag(const std::string& name);  // "true" or "false"
  // Returns all values of a parameter, in order.
  std::vector<std::string> Texts(const std::string& name);

  // Returns the first error. FIELD_INVALID: a requested parameter has the wrong
  // type, occurs twice or is missing, or a parameter was not requested.
  absl::Status Check() const;

 private:
  // Returns the value, or null if there is none.
  const std::string* Only(const std::string& name);
  void Blame(const std::string& name, const std::string& why);

  const Map& given_;
  std::set<std::string> asked_;
  absl::Status fault_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_API_PARAMETERS_H_
