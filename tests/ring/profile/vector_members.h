// The members and settings of a vector as profiles take them.
#ifndef CLOCKWISE_TESTS_RING_PROFILE_VECTOR_MEMBERS_H_
#define CLOCKWISE_TESTS_RING_PROFILE_VECTOR_MEMBERS_H_

#include <string>
#include <vector>

#include "service/ring/profile/profile.h"
#include "tests/ring/profile/vector_file.h"

namespace clockwise::profile {

// Of a case in the file `file`.tsv.
std::vector<Member> MembersOf(const VectorCase& vector,
                              const std::string& file);

// `settings`, the defaults of `profile`, with what `params` say.
Settings SettingsOf(const std::string& profile, Settings settings,
                    const Fields& params);

}  // namespace clockwise::profile

#endif  // CLOCKWISE_TESTS_RING_PROFILE_VECTOR_MEMBERS_H_
