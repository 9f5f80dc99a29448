#include "service/store/record_upgrade.h"

#include <google/protobuf/unknown_field_set.h>

#include <string>

namespace clockwise {
namespace {

// The range of field numbers that Change reserves.
constexpr int kFirstFigure = v1::Comparison::kMovedRatioFieldNumber;
constexpr int kLastFigure = v1::Comparison::kZoneCountFieldNumber;
static_assert(kFirstFigure == 10 && kLastFigure == 26,
              "records of older versions have the figures at these numbers");

}  // namespace

bool UpgradeRecord(stored::v1::ChangeRecord& record) {
  if (!record.has_change() || record.change().has_comparison()) return true;
  v1::Change& change = *record.mutable_change();
  // The parser keeps the old figures as unknown fields of Change. Comparison
  // uses the same field numbers, so their bytes are a valid Comparison.
  google::protobuf::UnknownFieldSet& rest =
      *change.GetReflection()->MutableUnknownFields(&change);
  google::protobuf::UnknownFieldSet figures;
  for (int i = 0; i < rest.field_count(); ++i) {
    const int number = rest.field(i).number();
    if (number < kFirstFigure || number > kLastFigure) continue;
    figures.AddField(rest.field(i));
  }
  if (figures.empty()) return true;
  for (int number = kFirstFigure; number <= kLastFigure; ++number) {
    rest.DeleteByNumber(number);
  }
  std::string bytes;
  return figures.SerializeToString(&bytes) &&
         change.mutable_comparison()->ParseFromString(bytes);
}

}  // namespace clockwise
