// Computes what moves between two rings of one layout whose slots are not arcs
// (Ring::has_arcs). Stateless.
#ifndef CLOCKWISE_SERVICE_RING_COMPARE_MODULO_H_
#define CLOCKWISE_SERVICE_RING_COMPARE_MODULO_H_

#include "service/ring/compare.h"
#include "service/ring/ring.h"

namespace clockwise {

// Returns the exact Comparison.moved_ratio. The slots of a key before and after
// are h mod N and h mod M. Every pair that agrees modulo gcd(N, M) occurs
// equally often (Chinese remainder theorem). For each owner after, this counts
// the pairs in which the node did not own the key before. O(nodes × owners ×
// log).
double ModuloMovedRatio(const Ring& before, const Ring& after);

// Writes the exact transfers to `comparison`. Lists none, and sets
// transfers_truncated, if more than 1,000,000 pairs of different slots would
// have to be compared.
void ListModuloTransfers(const Ring& before, const Ring& after,
                         Comparison& comparison);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_COMPARE_MODULO_H_
