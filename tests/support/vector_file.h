// Reads the files tests/vectors/compat/*.tsv: the answers of other systems.
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
  std::vector<std::string> owners;             // one per key
  std::vector<std::vector<std::string>> rows;  // without the first field
};

struct VectorFile {
  std::vector<std::string> keys;
  std::vector<VectorCase> cases;
};

// Decodes escapes like "%D0" to bytes.
std::string Unescaped(const std::string& text);

// Reads `name`.tsv. If that fails, an assertion fails and there are no cases.
VectorFile ReadVectors(const std::string& name);

// Compares `owner_of(key)`, a member's index as text, with each owner of
// `vector`. Returns the number of owners compared.
int CompareOwners(
    const VectorFile& vectors, const VectorCase& vector,
    const std::function<std::string(const std::string& key)>& owner_of);

// Returns `fields[name]`, or `otherwise` if it is absent.
std::string Get(const Fields& fields, const std::string& name,
                const std::string& otherwise);

}  // namespace clockwise::profile

#endif  // CLOCKWISE_TESTS_SUPPORT_VECTOR_FILE_H_
