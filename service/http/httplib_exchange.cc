#include "service/http/httplib_exchange.h"

#include <string>

#include "absl/strings/str_split.h"

namespace clockwise {

void Simplify(httplib::Request& request) {
  // Thousands of ranges fit into a header, each of them the whole page; and
  // pages that are made anew each time have no parts to ask for.
  request.ranges.clear();
  // httplib likes Brotli best, which at its default quality takes seconds of
  // computing per megabyte.
  const bool gzip = request.get_header_value("Accept-Encoding").find("gzip") !=
                    std::string::npos;
  request.headers.erase("Accept-Encoding");
  if (gzip) request.headers.emplace("Accept-Encoding", "gzip");
}

void Answer(httplib::Response& response, int status, absl::string_view text,
            const char* type) {
  response.status = status;
  response.set_content(text.data(), text.size(), type);
}

void Give(const HttpReply& reply, httplib::Response& response) {
  Answer(response, reply.status, reply.body, reply.type.c_str());
  response.set_header("Content-Security-Policy",
                      "default-src 'self'; base-uri 'none'; "
                      "form-action 'self'; frame-ancestors 'none'");
  response.set_header("X-Content-Type-Options", "nosniff");
  response.set_header("Referrer-Policy", "no-referrer");
  response.set_header("Cache-Control", "no-cache");
  for (const auto& [name, value] : reply.headers) {
    response.set_header(name.c_str(), value);
  }
}

HttpRequest Asked(const httplib::Request& request) {
  HttpRequest asked;
  asked.parameters = request.params;
  const absl::string_view target = request.target;
  for (absl::string_view part :
       absl::StrSplit(target.substr(0, target.find('?')), '/')) {
    asked.path.push_back(httplib::detail::decode_url(std::string(part), false));
  }
  asked.path.erase(asked.path.begin());  // before the first /
  if (!asked.path.empty() && asked.path.back().empty()) asked.path.pop_back();
  return asked;
}

}  // namespace clockwise
