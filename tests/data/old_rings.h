// The rings in this folder: a comparison of what a store loads with what the
// server that wrote it reported. Stateless.
#ifndef CLOCKWISE_TESTS_DATA_OLD_RINGS_H_
#define CLOCKWISE_TESTS_DATA_OLD_RINGS_H_

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/membership/restore.h"
#include "service/membership/ring_state.h"
#include "service/store/store.h"

namespace clockwise {

inline std::string DataFile(const std::string& name) {
  return absl::StrCat(CLOCKWISE_DATA, "/", name);
}

inline std::string DataIn(const std::string& name) {
  std::ifstream file(DataFile(name), std::ios::binary);
  EXPECT_TRUE(file.is_open()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

using JsonObject = google::protobuf::Struct;

inline JsonObject ParseJson(const std::string& text) {
  JsonObject object;
  EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(text, &object).ok())
      << text;
  return object;
}

// Renames the fields of `value`, and of all objects in it, to what they were
// called when the data was written, before the API of 1.0, and leaves out the
// fields that did not exist.
inline void UseOldNames(google::protobuf::Value& value) {
  static const auto& old = *new std::map<std::string, std::string>{
      {"acceptTime", "time"},
      {"partitionCount", "partitions"},
      {"replicaCount", "replicas"},
      {"virtualNodeCount", "virtualNodes"},
      {"zoneCount", "zones"}};
  if (value.has_list_value()) {
    for (auto& one : *value.mutable_list_value()->mutable_values()) {
      UseOldNames(one);
    }
  }
  if (!value.has_struct_value()) return;
  JsonObject renamed;
  for (auto& [name, field] : *value.mutable_struct_value()->mutable_fields()) {
    UseOldNames(field);
    if (name == "addedIds" || name == "before" || name == "statedActor") {
      continue;
    }
    if (name == "comparison") {  // its fields were those of the change
      for (const auto& [figure, number] : field.struct_value().fields()) {
        (*renamed.mutable_fields())[figure] = number;
      }
      continue;
    }
    const auto found = old.find(name);
    (*renamed.mutable_fields())[found == old.end() ? name : found->second] =
        field;
  }
  *value.mutable_struct_value() = renamed;
}

template <typename Message>
google::protobuf::Value InOldForm(const Message& message) {
  google::protobuf::Value value;
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  std::string json;
  EXPECT_TRUE(
      google::protobuf::util::MessageToJsonString(message, &json, options)
          .ok());
  *value.mutable_struct_value() = ParseJson(json);
  UseOldNames(value);
  return value;
}

inline void ExpectSame(const google::protobuf::Value& found,
                       const google::protobuf::Value& expected,
                       const std::string& what) {
  // Shares are computed again, so their last digits depend on the compiler.
  google::protobuf::util::MessageDifferencer differencer;
  differencer.set_float_comparison(
      google::protobuf::util::MessageDifferencer::APPROXIMATE);
  std::string difference;
  differencer.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differencer.Compare(found, expected)) << what << "\n"
                                                    << difference;
}

// Expects in `rings` everything that the server of that time reported in the
// file `name`: each ring as a snapshot, and its history with all figures.
inline void ExpectOldRings(const std::vector<StoredRing>& rings,
                           const std::string& name) {
  const JsonObject expected = ParseJson(DataIn(name));
  std::vector<std::string> names;
  for (const StoredRing& ring : rings) {
    names.push_back(ring.head.spec.name());
    if (names.back() == "default") continue;  // it is empty
    SCOPED_TRACE(names.back());
    const auto& reported = expected.fields().at(names.back()).struct_value();
    // Builds the ring again; fails if its fingerprint is not the stored one.
    const auto state = RestoreState(ring);
    ASSERT_TRUE(state.ok()) << state.status();
    ExpectSame(InOldForm(SnapshotOf(**state, (*state)->measured,
                                    (*state)->epoch, false)),
               reported.fields().at("snapshot"), "snapshot");
    const auto& changes = reported.fields().at("changes").list_value();
    ASSERT_EQ(ring.history.size(), static_cast<size_t>(changes.values_size()));
    for (int i = 0; i < changes.values_size(); ++i) {  // newest first
      const auto& record = *(ring.history.rbegin() + i);
      ExpectSame(InOldForm(record.change()), changes.values(i),
                 absl::StrCat("change of epoch ", record.change().epoch()));
    }
  }
  EXPECT_EQ(names, (std::vector<std::string>{"default", "hashed", "parts"}));
}

}  // namespace clockwise

#endif  // CLOCKWISE_TESTS_DATA_OLD_RINGS_H_
