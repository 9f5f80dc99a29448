// Serves rings as JSON over HTTP under /api/v1 (page/openapi.json): the
// messages of the RPCs in protobuf's JSON mapping, and the arcs for a drawing.
// It changes nothing. Thread-safe.
#ifndef CLOCKWISE_SERVICE_HTTP_API_API_H_
#define CLOCKWISE_SERVICE_HTTP_API_API_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "clockwise/v1/placement.pb.h"
#include "google/protobuf/message.h"
#include "service/http/api/compute_slots.h"
#include "service/http/api/parameters.h"
#include "service/http/http_message.h"
#include "service/membership/membership.h"

namespace clockwise {

class Api {
 public:
  struct Options {
    Membership* membership = nullptr;
    std::function<v1::GetStatusResponse()> status;
  };

  explicit Api(Options options) : options_(std::move(options)) {}

  // Returns the reply to a request whose path begins with "api".
  HttpReply Respond(const HttpRequest& request);

 private:
  // A message as JSON, or an error.
  using Json = absl::StatusOr<std::string>;

  Json AnswerTo(const HttpRequest& request);
  Json OfRing(const std::string& ring, const std::string& what,
              Parameters& parameters);
  // Returns the reply of the RPC for `request`, if all parameters are valid.
  // AskInTurn waits for the compute slot first; it is for requests that compute
  // a lot.
  template <typename Request>
  Json Query(const Request& request, const Parameters& parameters);
  template <typename Request>
  Json AskInTurn(const Request& request, const Parameters& parameters);
  Json Plan(const std::string& ring, Parameters& parameters);
  Json Arcs(const std::string& ring, Parameters& parameters);

  const Options options_;
  ComputeSlots compute_slots_;
};

}  // namespace clockwise

#endif  // CLOCKWISE_SERVICE_HTTP_API_API_H_
