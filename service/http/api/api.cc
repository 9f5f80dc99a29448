#include "service/http/api/api.h"

#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "clockwise/v1/http.pb.h"
#include "google/protobuf/util/json_util.h"
#include "service/api/json.h"
#include "service/api/refusal.h"
#include "service/api/utf8.h"
#include "service/api/validate.h"
#include "service/ring/arcs.h"
#include "service/rpc/requests.h"

namespace clockwise {
namespace {

constexpr char kJson[] = "application/json";

template <typename Message>
absl::StatusOr<std::string> JsonOf(const absl::StatusOr<Message>& message) {
  if (!message.ok()) return message.status();
  return ToJson(*message);
}

// Reads the parameters of a request for a list.
template <typename Request>
void ReadPage(Parameters& parameters, Request& request) {
  request.set_page_size(parameters.SmallNumber("page_size"));
  request.set_page_token(parameters.Text("page_token"));
}

// Returns the HTTP status that google.rpc.Code documents for `code`.
int HttpStatus(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kAlreadyExists:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnavailable:
      return 503;
    default:
      return 500;
  }
}

absl::Status NoSuchPage() {
  return absl::NotFoundError(
      "no such page; /api/v1/openapi.json lists all pages; write a / in the "
      "name of a ring as %2F");
}

// Returns the reply to a look-up with the key that it is about.
absl::StatusOr<std::string> WithKey(const std::string& key,
                                    const absl::StatusOr<std::string>& json) {
  if (!json.ok()) return json;
  v1::LocatedKey located;
  if (IsUtf8(key)) located.set_key(key);
  located.set_key_base64(key);
  auto first = ToJson(located);
  if (!first.ok()) return first;
  first->back() = ',';  // was the }
  return absl::StrCat(*first, json->substr(1));
}

// Returns why `text` is not a NodeChange, from protobuf's message: it names the
// field in parentheses or at its end.
absl::Status NotANodeChange(const std::string& text,
                            absl::string_view protobuf) {
  const absl::string_view before =
      protobuf.substr(0, protobuf.find(": Cannot find field"));
  const std::string why =
      before.size() == protobuf.size()
          ? std::string(protobuf)
          : absl::StrCat("unknown field ",
                         Quoted(before.substr(before.rfind(' ') + 1)));
  return FieldRefusal(
      "change", absl::StrCat(Quoted(text), " is not a NodeChange in JSON: ",
                             why, "; see /api/v1/openapi.json"));
}

// Returns a reply with an HttpError as JSON.
HttpReply ErrorReply(const absl::Status& status) {
  HttpReply reply;
  reply.status = HttpStatus(status.code());
  reply.type = kJson;
  v1::HttpError body;
  v1::HttpError::Error& error = *body.mutable_error();
  error.set_code(reply.status);
  error.set_status(absl::StatusCodeToString(status.code()));
  error.set_message(IsUtf8(status.message())
                        ? std::string(status.message())
                        : absl::CHexEscape(status.message()));
  error.set_reason(ReasonName(status));
  error.set_field(FieldOf(status));
  reply.body = absl::StrCat(ToJson(body).value_or(""), "\n");
  if (reply.status == 503) reply.headers.emplace_back("Retry-After", "1");
  return reply;
}

}  // namespace

HttpReply Api::Respond(const HttpRequest& request) {
  if (!request.malformed.ok()) return ErrorReply(request.malformed);
  if (request.searched.has_value() && !request.searched->ok()) {
    return ErrorReply(*request.searched);
  }
  const Json json = AnswerTo(request);
  if (!json.ok()) {
    HttpReply reply = ErrorReply(json.status());
    if (!request.searched.has_value() && request.path.size() > 3 &&
        options_.membership->MayBeUnseen(json.status())) {
      reply.unseen_ring = request.path[3];
    }
    return reply;
  }
  HttpReply reply;
  reply.type = kJson;
  reply.body = absl::StrCat(*json, "\n");
  return reply;
}

Api::Json Api::AnswerTo(const HttpRequest& request) {
  const std::vector<std::string>& path = request.path;
  if (path.size() < 3 || path[1] != "v1") return NoSuchPage();
  Parameters parameters(request.parameters);
  if (path.size() == 3 && path[2] == "status") {
    if (auto status = parameters.Check(); !status.ok()) return status;
    return ToJson(options_.status());
  }
  if (path.size() == 3 && path[2] == "events") {
    // Without parameters, it is an event stream (routes.h).
    const absl::Status status = parameters.Check();
    return status.ok() ? NoSuchPage() : status;
  }
  if (path[2] != "rings" || path.size() > 5) return NoSuchPage();
  if (path.size() == 3) {
    v1::ListRingsRequest list;
    ReadPage(parameters, list);
    if (auto status = parameters.Check(); !status.ok()) return status;
    return JsonOf(clockwise::HandleRequest(
        *options_.membership, list, [](absl::string_view) { return true; }));
  }
  return OfRing(path[3], path.size() == 5 ? path[4] : "", parameters);
}

template <typename Request>
Api::Json Api::Query(const Request& request, const Parameters& parameters) {
  if (auto status = parameters.Check(); !status.ok()) return status;
  return JsonOf(clockwise::HandleRequest(*options_.membership, request));
}

template <typename Request>
Api::Json Api::AskInTurn(const Request& request, const Parameters& parameters) {
  if (auto status = parameters.Check(); !status.ok()) return status;
  const auto turn = compute_slots_.Take();
  if (!turn.ok()) return turn.status();
  return Query(request, parameters);
}

Api::Json Api::OfRing(const std::string& ring, const std::string& what,
                      Parameters& parameters) {
  absl::Status valid = ValidateId("ring", ring);
  if (!valid.ok()) return valid;
  if (what == "plan") return Plan(ring, parameters);
  if (what == "arcs") return Arcs(ring, parameters);
  if (what == "locate") {
    v1::LocateRequest request;
    request.set_ring(ring);
    request.set_key(parameters.Text("key"));
    request.set_replica_count(parameters.SmallNumber("replica_count"));
    parameters.Require("key", "key=user%201");
    return WithKey(request.key(), Query(request, parameters));
  }
  if (what == "changes") {
    v1::ListChangesRequest request;
    request.set_ring(ring);
    ReadPage(parameters, request);
    if (auto status = parameters.Check(); !status.ok()) return status;
    const auto page = HandleRequest(*options_.membership, request);
    if (!page.ok()) return page.status();
    return ToJson(*page, JsonLists::kOmitMoves);
  }
  if (what == "compare") {
    v1::CompareEpochsRequest request;
    request.set_ring(ring);
    request.set_from_epoch(parameters.Number("from_epoch"));
    request.set_to_epoch(parameters.Number("to_epoch"));
    parameters.Require("from_epoch", "from_epoch=1");
    return AskInTurn(request, parameters);
  }
  if (!what.empty()) return NoSuchPage();
  v1::GetRingRequest request;
  request.set_ring(ring);
  request.set_epoch(parameters.Number("epoch"));
  request.set_include_points(parameters.Flag("include_points"));
  return AskInTurn(request, parameters);
}

Api::Json Api::Plan(const std::string& ring, Parameters& parameters) {
  v1::ApplyChangesRequest request;
  request.set_ring(ring);
  request.set_validate_only(true);
  request.set_include_moves(true);  // for the transfers
  const bool include_moves = parameters.Flag("include_moves");
  parameters.Require("change", "change={\"remove\":\"ID\"}");
  for (const std::string& text : parameters.Texts("change")) {
    // The parser's message would repeat the bytes.
    if (!IsUtf8(text)) {
      return FieldRefusal("change",
                          absl::StrCat(Quoted(text), " is not UTF-8"));
    }
    const auto parsed = google::protobuf::util::JsonStringToMessage(
        text, request.add_changes());
    if (!parsed.ok()) {
      return NotANodeChange(text, std::string(parsed.message()));
    }
  }
  if (auto status = parameters.Check(); !status.ok()) return status;
  const auto turn = compute_slots_.Take();
  if (!turn.ok()) return turn.status();
  auto change = options_.membership->Apply(
      ToChangeRequest(std::move(request), "the HTTP port"));
  if (change.ok() && !include_moves) {
    change->mutable_comparison()->clear_moves();
  }
  return JsonOf(change);
}

Api::Json Api::Arcs(const std::string& ring, Parameters& parameters) {
  if (auto status = parameters.Check(); !status.ok()) return status;
  auto state = options_.membership->Find(ring);
  if (!state.ok()) return state.status();
  const auto turn = compute_slots_.Take();
  if (!turn.ok()) return turn.status();
  v1::ArcsResponse response;
  response.set_epoch((*state)->epoch);
  response.set_incarnation((*state)->incarnation);
  const Ring& drawn = (*state)->ring();
  if (!drawn.nodes().empty()) {
    ArcList list = ArcsOf(drawn, drawn);
    response.set_sampled(list.sampled);
    for (const Arc& arc : list.arcs) {
      response.add_ends(arc.end);
      response.add_owners(arc.owner);
    }
  }
  for (uint32_t i = 0; i < drawn.nodes().size(); ++i) {
    response.add_node_ids(drawn.nodes()[i]->id());
  }
  return ToJson(response);
}

}  // namespace clockwise
