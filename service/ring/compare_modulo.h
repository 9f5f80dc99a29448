// What moves between two rings of layout MODULO. Stateless.
#ifndef CLOCKWISE_SERVICE_RING_COMPARE_MODULO_H_
#define CLOCKWISE_SERVICE_RING_COMPARE_MODULO_H_

#include "service/ring/ring.h"

namespace clockwise {

// Comparison.moved_ratio, exactly. A key's slots before and after, h mod N and
// h mod M, are any pair that agrees modulo gcd(N, M), each as likely as the
// next (Chinese remainder theorem); of these pairs it counts, for each owner
// after, those in which it did not own the key before.
// O(nodes × owners × log).
double ModuloMovedRatio(const Ring& before, const Ring& after);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_RING_COMPARE_MODULO_H_
