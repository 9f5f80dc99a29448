#include "service/http/compression.h"

#include <zlib.h>

#include <limits>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace clockwise {
namespace {

// Returns true if the parameters of a coding, such as "q=0.5", have a quality
// above 0. The default is 1.
bool HasQuality(absl::string_view parameters) {
  for (absl::string_view parameter : absl::StrSplit(parameters, ';')) {
    parameter = absl::StripAsciiWhitespace(parameter);
    if (!absl::StartsWithIgnoreCase(parameter, "q=")) continue;
    double quality = 0;
    return absl::SimpleAtod(parameter.substr(2), &quality) && quality > 0;
  }
  return true;
}

bool IsCompressible(absl::string_view content_type) {
  return (absl::StartsWith(content_type, "text/") &&
          content_type != "text/event-stream") ||
         content_type == "application/json" || content_type == "image/svg+xml";
}

// Returns `text` in the gzip format, or "" if zlib fails.
std::string Gzip(absl::string_view text) {
  constexpr int kGzipFormat = 15 + 16;  // the largest window, gzip's header
  constexpr int kDefaultMemory = 8;
  z_stream stream = {};
  if (text.size() > std::numeric_limits<uInt>::max() ||
      deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipFormat,
                   kDefaultMemory, Z_DEFAULT_STRATEGY) != Z_OK) {
    return "";
  }
  std::string compressed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
  stream.avail_out = static_cast<uInt>(compressed.size());
  const bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  compressed.resize(whole ? stream.total_out : 0);
  deflateEnd(&stream);
  return compressed;
}

}  // namespace

bool AcceptsGzip(absl::string_view accept_encoding) {
  bool any = false;
  for (absl::string_view item : absl::StrSplit(accept_encoding, ',')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(item, absl::MaxSplits(';', 1));
    const absl::string_view coding = absl::StripAsciiWhitespace(parts.first);
    // A named coding has precedence over "*".
    if (absl::EqualsIgnoreCase(coding, "gzip")) return HasQuality(parts.second);
    if (coding == "*") any = HasQuality(parts.second);
  }
  return any;
}

void Compress(absl::string_view accept_encoding, HttpReply& reply) {
  if (reply.body.empty() || !IsCompressible(reply.type)) return;
  reply.headers.emplace_back("Vary", "Accept-Encoding");
  if (!AcceptsGzip(accept_encoding)) return;
  std::string compressed = Gzip(reply.body);
  if (compressed.empty()) return;
  reply.body = std::move(compressed);
  reply.headers.emplace_back("Content-Encoding", "gzip");
}

}  // namespace clockwise
