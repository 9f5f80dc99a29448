// Defines the function of xxHash that service/ring/fingerprint.cc calls and
// that Debian's static library lacks: it chooses instructions of the processor
// at run time. This one uses those that every processor has. The hash is the
// same.
#include <xxhash.h>

extern "C" XXH_errorcode XXH3_64bits_update_dispatch(XXH3_state_t* state,
                                                     const void* input,
                                                     size_t size) {
  return XXH3_64bits_update(state, input, size);
}
