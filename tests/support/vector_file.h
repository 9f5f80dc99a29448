// The files tests/vectors/compat/*.tsv: what other systems answered.
#ifndef CLOCKWISE_TESTS_SUPPORT_VECTOR_FILE_H_
#define CLOCKWISE_TESTS_SUPPORT_VECTOR_FILE_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace clockwise::profile {

using Fields = std::map<std::string, std::string>;

struct VectorCase {
  std::string id;
  Fields params;
  std::vector<Fields> members;
  std::vector<std::string> owners;             // one a key
  std::vector<std::vector<std::string>> rows;  // without their first field
};

struct VectorFile {
  std::vector<std::string> keys;
  std::vector<VectorCase> cases;
};

// "%D0" and the like become bytes.
std::string Unescaped(const std::string& text);

// The file `name`.tsv; a failed assertion and no cases if it can't be read.
VectorFile ReadVectors(const std::string& name);

// Holds `owner_of(key)`, a member's index as text, against each owner of
// `vector`; returns how many there were.
int CompareOwners(
    const VectorFile& vectors, const VectorCase& vector,
    const std::function<std::string(const std::string& key)>& owner_of);

// `fields[name]`, or `otherwise`.
std::string Get(const Fields& fields, const std::string& name,
                const std::string& otherwise);

}  // namespace clockwise::profile

#endif  // CLOCKWISE_TESTS_SUPPORT_VECTOR_FILE_H_
