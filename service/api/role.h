// Role is the permission that an access policy grants to a caller. A value.
#ifndef CLOCKWISE_SERVICE_API_ROLE_H_
#define CLOCKWISE_SERVICE_API_ROLE_H_

namespace clockwise {

// Each role includes the rights of the roles before it.
enum class Role { kNone, kReader, kOperator, kAdmin };

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_API_ROLE_H_
