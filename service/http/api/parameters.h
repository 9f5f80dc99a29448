// The parameters of one HTTP request, read by name and type. Not thread-safe.
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

  // `given` outlives it.
  explicit Parameters(const Map& given) : given_(given) {}

  // Each gives the default where the parameter is not there. What is wrong with
  // one is told by Check.
  std::string Text(const std::string& name);
  uint64_t Number(const std::string& name);
  uint32_t SmallNumber(const std::string& name);
  bool Flag(const std::string& name);  // true or false
  // All of that name, in order.
  std::vector<std::string> Texts(const std::string& name);

  // FIELD_INVALID: one of those asked for is not of its type or there twice, or
  // there is one that was not asked for.
  absl::Status Check() const;

 private:
  // The value, if there is one.
  const std::string* Only(const std::string& name);
  void Blame(const std::string& name, const std::string& why);

  const Map& given_;
  std::set<std::string> asked_;
  absl::Status fault_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_API_PARAMETERS_H_
