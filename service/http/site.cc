#include "service/http/site.h"

#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "service/http/assets.h"

namespace clockwise {
namespace {

const char* TypeOf(absl::string_view name) {
  constexpr std::pair<absl::string_view, const char*> kTypes[] = {
      {".html", "text/html; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".json", "application/json"},
      {".svg", "image/svg+xml"}};
  for (const auto& [ending, type] : kTypes) {
    if (absl::EndsWith(name, ending)) return type;
  }
  return "application/octet-stream";
}

HttpReply AssetReply(absl::string_view name) {
  for (const Asset& asset : Assets()) {
    if (asset.name != name) continue;
    HttpReply reply;
    reply.type = TypeOf(name);
    reply.body = std::string(asset.bytes);
    return reply;
  }
  HttpReply reply;
  reply.status = 404;
  reply.body = "no such page\n";
  return reply;
}

}  // namespace

HttpReply Site::Respond(const HttpRequest& request) {
  const auto& path = request.path;
  const bool is_api = !path.empty() && path[0] == "api";
  if (!request.malformed.ok() && !is_api) {
    HttpReply reply;
    reply.status = 400;
    reply.body = absl::StrCat(request.malformed.message(), "\n");
    return reply;
  }
  if (path.empty()) return AssetReply("index.html");
  if (path.size() == 2 && path[0] == "page") return AssetReply(path[1]);
  if (path[0] == "favicon.ico") return AssetReply("icon.svg");
  if (!is_api) return AssetReply("");
  if (path.size() == 3 && path[2] == "openapi.json") {
    return AssetReply(path[2]);
  }
  return api_.Respond(request);
}

}  // namespace clockwise
