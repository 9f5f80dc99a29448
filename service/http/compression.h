// Compresses replies. Stateless.
#ifndef CLOCKWISE_SERVICE_HTTP_COMPRESSION_H_
#define CLOCKWISE_SERVICE_HTTP_COMPRESSION_H_

#include "absl/strings/string_view.h"
#include "service/http/http_message.h"

namespace clockwise {

// Returns true if the value of an Accept-Encoding header (RFC 9110, 12.5.3)
// allows gzip, by name or by "*". A quality of 0 forbids it.
bool AcceptsGzip(absl::string_view accept_encoding);

// Compresses the body with gzip if its type is compressible and the value of
// the request's Accept-Encoding header allows it. Sets Content-Encoding and
// Vary.
void Compress(absl::string_view accept_encoding, HttpReply& reply);

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_COMPRESSION_H_
