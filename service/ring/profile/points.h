// The generators of points, one per system. Stateless. Floating-point numbers
// have the width that the system uses, and each operation is rounded by itself:
// everything is compiled with -ffp-contract=off.
#ifndef CLOCKWISE_SERVICE_RING_PROFILE_POINTS_H_
#define CLOCKWISE_SERVICE_RING_PROFILE_POINTS_H_

#include <span>
#include <vector>

#include "service/ring/profile/profile.h"

namespace clockwise::profile {

using Members = std::span<const Member>;
using Points = std::vector<Point>;

// --- Groups of MD5 words (md5_points.cc). ---
void AppendLibmemcachedWeighted(Members, const Settings&, Points&);
void AppendLibketama(Members, const Settings&, Points&);
void AppendUhashringKetama(Members, const Settings&, Points&);
void AppendUhashringDefault(Members, const Settings&, Points&);
void AppendNpmHashring(Members, const Settings&, Points&);

// --- Others (points.cc). ---
void AppendLibmemcached(Members, const Settings&, Points&);
void AppendNginx(Members, const Settings&, Points&);
void AppendEnvoy(Members, const Settings&, Points&);
void AppendHaproxy(Members, const Settings&, Points&);
void AppendHaproxy3(Members, const Settings&, Points&);
void AppendGroupcache(Members, const Settings&, Points&);
void AppendTokens(Members, const Settings&, Points&);
void AppendHashed(Members, const Settings&, Points&);

}  // namespace clockwise::profile

#endif  // CLOCKWISE_SERVICE_RING_PROFILE_POINTS_H_
