// Compares two rings, and reports the result as a message. Stateless.
#ifndef CLOCKWISE_SERVICE_MEMBERSHIP_COMPARISON_H_
#define CLOCKWISE_SERVICE_MEMBERSHIP_COMPARISON_H_

#include "clockwise/v1/placement.pb.h"
#include "service/membership/ring_state.h"
#include "service/ring/compare.h"

namespace clockwise {

// Returns the figures, and also the lists if `include_moves` is true. limits.h
// bounds each list. `budget`: see Compare.
v1::Comparison ComparisonOf(const MeasuredRing& before,
                            const MeasuredRing& after, Relation relation,
                            bool include_moves, WorkBudget* budget = nullptr);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_MEMBERSHIP_COMPARISON_H_
