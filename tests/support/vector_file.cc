#include "tests/support/vector_file.h"

#include <fstream>

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

namespace clockwise::profile {

std::string Unescaped(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      bytes.push_back(
          static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16)));
      i += 2;
    } else {
      bytes.push_back(text[i]);
    }
  }
  return bytes;
}

std::string Get(const Fields& fields, const std::string& name,
                const std::string& otherwise) {
  const auto at = fields.find(name);
  return at == fields.end() ? otherwise : at->second;
}

int CompareOwners(
    const VectorFile& vectors, const VectorCase& vector,
    const std::function<std::string(const std::string& key)>& owner_of) {
  int wrong = 0;
  for (size_t i = 0; i < vectors.keys.size(); ++i) {
    if (owner_of(vectors.keys[i]) != vector.owners.at(i)) ++wrong;
  }
  EXPECT_EQ(wrong, 0) << "of " << vectors.keys.size();
  return static_cast<int>(vectors.keys.size());
}

VectorFile ReadVectors(const std::string& name) {
  VectorFile vectors;
  std::ifstream file(std::string(CLOCKWISE_VECTORS "/compat/") + name + ".tsv");
  EXPECT_TRUE(file.is_open()) << name;
  for (std::string line; std::getline(file, line);) {
    std::vector<std::string> fields = absl::StrSplit(line, '\t');
    const std::string kind = fields[0];
    fields.erase(fields.begin());
    if (kind == "key") vectors.keys.push_back(Unescaped(fields.at(0)));
    if (kind == "case") vectors.cases.push_back({fields.at(0), {}, {}, {}, {}});
    if (kind == "param") {
      vectors.cases.back().params[fields.at(0)] = fields.at(1);
    }
    if (kind == "member") {
      Fields member;
      for (size_t i = 1; i < fields.size(); ++i) {
        const std::pair<std::string, std::string> field =
            absl::StrSplit(fields[i], absl::MaxSplits('=', 1));
        member.insert(field);
      }
      vectors.cases.back().members.push_back(member);
    }
    if (kind == "owners") {
      vectors.cases.back().owners = absl::StrSplit(fields.at(0), ' ');
    }
    if (kind == "row" || kind == "h") {
      if (vectors.cases.empty()) vectors.cases.emplace_back();
      vectors.cases.back().rows.push_back(fields);
    }
  }
  return vectors;
}

}  // namespace clockwise::profile
