// Fuzzes policies and token files.
#include "service/access/policy.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace clockwise;  // NOLINT: a program of one file
  const auto parts = fuzz::Parts(fuzz::View(data, size));
  const auto policy = Policy::Parse(parts[0], parts.size() > 1 ? parts[1] : "",
                                    {"policy", "tokens"});
  if (!policy.ok()) return 0;
  Identity identity;
  fuzz::Check(policy->On("ring", identity).role == Role::kNone,
              "who shows nothing may do nothing");
  identity.names.push_back(parts.size() > 2 ? parts[2] : "dns:a.example");
  identity.token = policy->NameOf("secret");
  (void)policy->On("ring", identity);
  return 0;
}
