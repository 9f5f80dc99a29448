// Fuzzes requests to /api/v1: the first part is a path, the others are
// parameters NAME=VALUE.
#include "absl/strings/str_split.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"
#include "service/http/api/api.h"
#include "service/store/memory_store.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace clockwise;  // NOLINT: a program of one file

// Returns one ring, with nodes, of each of our own layouts.
Membership& Rings() {
  static MemoryStore& store = *new MemoryStore;
  static Membership& membership = *[] {
    Membership::Options options;
    options.store = &store;
    options.now = [] { return absl::UnixEpoch(); };
    options.random = [] { return 1; };
    auto* made = new Membership(options);
    fuzz::Check(made->Load().ok(), "an empty store loads");
    v1::RingSpec spec;
    spec.set_name("h");
    spec.set_virtual_node_count(8);
    fuzz::Check(made->CreateRing(spec).ok(), "a hashed ring");
    spec.Clear();
    spec.set_name("p");
    spec.set_layout(v1::LAYOUT_PARTITIONED);
    spec.set_partition_bits(4);
    fuzz::Check(made->CreateRing(spec).ok(), "a partitioned ring");
    for (const char* ring : {"h", "p"}) {
      ChangeRequest change;
      change.ring = ring;
      for (const char* id : {"a", "b", "c"}) {
        change.changes.emplace_back().mutable_add()->set_id(id);
      }
      fuzz::Check(made->Apply(change).ok(), "nodes");
    }
    return made;
  }();
  return membership;
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Api& api =
      *new Api({&Rings(), [] { return v1::GetStatusResponse(); }});
  const auto parts = fuzz::Parts(fuzz::View(data, size));
  HttpRequest request;
  request.path = absl::StrSplit(parts[0], '/');
  for (size_t i = 1; i < parts.size() && i < 6; ++i) {
    const size_t equals = std::min(parts[i].find('='), parts[i].size());
    request.parameters.emplace(
        parts[i].substr(0, equals),
        parts[i].substr(std::min(equals + 1, parts[i].size())));
  }
  // A plan with thousands of points takes longer than a fuzzer waits.
  for (const auto& [name, value] : request.parameters) {
    if (name != "change") continue;
    v1::NodeChange change;
    if (google::protobuf::util::JsonStringToMessage(value, &change).ok() &&
        change.add().weight() + change.update().node().weight() > 50) {
      return 0;
    }
  }
  const HttpReply reply = api.Respond(request);
  fuzz::Check(reply.status != 500, "no request is the server's fault");
  google::protobuf::Struct json;
  fuzz::Check(
      google::protobuf::util::JsonStringToMessage(reply.body, &json).ok(),
      "an answer is JSON");
  return 0;
}
