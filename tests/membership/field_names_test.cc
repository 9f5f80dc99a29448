// Tests that an error names the field as the request does, and that changes
// check all bounded fields.
#include <string>

#include "gmock/gmock.h"
#include "tests/support/membership_fixture.h"
#include "tests/support/refusal_reading.h"

namespace clockwise {
namespace {

using FieldNamesTest = MembershipTest;

TEST_F(FieldNamesTest, OneChangeNamesTheFieldsOfItsRequest) {
  ExpectFieldRefusal(Refused(Add("")), "node.id");
  ExpectFieldRefusal(Refused(Add(std::string(254, 'a'))), "node.id", "253");
  ExpectFieldRefusal(Refused(Add(std::string("a\0", 2))), "node.id");
  ExpectFieldRefusal(Refused(Add("caf\xc3\xa9")), "node.id");
  ExpectFieldRefusal(Refused(Add(RequestNode("a", 65'536))), "node.weight",
                     "65535");
  ExpectFieldRefusal(Refused(Add(RequestNode("a", 1, std::string(254, 'z')))),
                     "node.zone", "253");
  ExpectFieldRefusal(Refused(Update(RequestNode("", 2))), "node.id");
  ExpectFieldRefusal(Refused(Remove("")), "node_id");
  ExpectFieldRefusal(Refused(Remove("a b")), "node_id");
}

TEST_F(FieldNamesTest, ManyChangesNameTheChangeAtFault) {
  ExpectFieldRefusal(Refused(Many({Add("a"), Add("")})), "changes[1].add.id");
  ExpectFieldRefusal(Refused(Many({Add(RequestNode("a", 65'536))})),
                     "changes[0].add.weight", "65535");
  ExpectFieldRefusal(Refused(Many({Add("a"), Remove("\n")})),
                     "changes[1].remove");
  Make(Add("a"));
  ExpectFieldRefusal(
      Refused(Many({Add("b"), Update(RequestNode("a", 65'536))})),
      "changes[1].update.node.weight", "65535");
  ExpectFieldRefusal(Refused(Many({Update(RequestNode("a", 2), {"id"})})),
                     "changes[0].update.update_mask");
}

TEST_F(FieldNamesTest, RequestFieldsAreBounded) {
  ChangeRequest request = Add("a");
  request.request_id = std::string(65, 'r');
  ExpectFieldRefusal(Refused(request), "request_id", "64");
  request.request_id = "a\nb";
  ExpectFieldRefusal(Refused(request), "request_id");
  request.request_id = "";
  request.reason = std::string(1025, 'r');
  ExpectFieldRefusal(Refused(request), "reason", "1024");
  request.reason = "";
  request.ring = "not a name";
  ExpectFieldRefusal(Refused(request), "ring");
  request.ring = std::string(254, 'r');
  ExpectFieldRefusal(Refused(request), "ring", "253");
  ExpectFieldRefusal(membership_->Find("a b").status(), "ring");
  request.ring = "default";
  request.request_id = std::string(64, '~');
  request.reason = std::string(1024, 'r');
  EXPECT_EQ(Make(request).epoch(), 2u);
}

}  // namespace
}  // namespace clockwise
