#include "service/http/api/parameters.h"

#include <iterator>
#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "service/api/refusal.h"

namespace clockwise {

void Parameters::Blame(const std::string& name, const std::string& why) {
  if (fault_.ok()) fault_ = FieldRefusal(name, why);
}

const std::string* Parameters::Only(const std::string& name) {
  asked_.insert(name);
  const auto [first, last] = given_.equal_range(name);
  if (first == last) return nullptr;
  if (std::next(first) != last) Blame(name, "is repeated; send it once");
  return &first->second;
}

void Parameters::Require(const std::string& name, const std::string& example) {
  if (given_.contains(name)) return;
  Blame(name, absl::StrCat("is missing; for example ?", example));
}

std::string Parameters::Text(const std::string& name) {
  const std::string* value = Only(name);
  return value == nullptr ? "" : *value;
}

uint64_t Parameters::Number(const std::string& name) {
  const std::string* value = Only(name);
  uint64_t number = 0;
  if (value != nullptr && !absl::SimpleAtoi(*value, &number)) {
    Blame(name,
          absl::StrCat(Quoted(*value), " is not a whole number from 0 to ",
                       std::numeric_limits<uint64_t>::max()));
  }
  return number;
}

uint32_t Parameters::SmallNumber(const std::string& name) {
  const uint64_t number = Number(name);
  if (number > std::numeric_limits<uint32_t>::max()) {
    Blame(name, absl::StrCat(number, " is above the maximum of ",
                             std::numeric_limits<uint32_t>::max()));
    return 0;
  }
  return static_cast<uint32_t>(number);
}

bool Parameters::Flag(const std::string& name) {
  const std::string* value = Only(name);
  if (value == nullptr || *value == "false") return false;
  if (*value != "true") {
    Blame(name, absl::StrCat(Quoted(*value), " is neither true nor false"));
  }
  return true;
}

std::vector<std::string> Parameters::Texts(const std::string& name) {
  asked_.insert(name);
  std::vector<std::string> values;
  const auto [first, last] = given_.equal_range(name);
  for (auto at = first; at != last; ++at) values.push_back(at->second);
  return values;
}

absl::Status Parameters::Check() const {
  if (!fault_.ok()) return fault_;
  for (const auto& [name, value] : given_) {
    if (!asked_.contains(name)) {
      return FieldRefusal(Quoted(name),
                          "is an unknown parameter; see /api/v1/openapi.json");
    }
  }
  return absl::OkStatus();
}

}  // namespace clockwise
