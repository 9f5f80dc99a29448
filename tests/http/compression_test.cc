#include "service/http/compression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

namespace clockwise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(CompressionTest, GzipIsAcceptedByNameOrByStarUnlessItsQualityIsZero) {
  for (const char* accepted :
       {"gzip", "GZIP", "gzip;q=0.5", "gzip ; Q=1", "br, gzip", "*",
        "identity;q=0, *", "*;q=0, gzip", "gzip;q=0.001",
        "deflate,gzip;q=1.0"}) {
    EXPECT_TRUE(AcceptsGzip(accepted)) << accepted;
  }
  for (const char* refused :
       {"", "identity", "br", "gzip;q=0", "gzip; q=0.0", "gzip;q=0.000",
        "*;q=0", "*, gzip;q=0", "gzip;q=0, *", "gzip;q=much", "gzipped",
        "br;q=1, "}) {
    EXPECT_FALSE(AcceptsGzip(refused)) << refused;
  }
}

std::string Uncompressed(const std::string& body) {
  z_stream stream = {};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);  // for gzip's header
  std::string text(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

TEST(CompressionTest, ACompressedBodyHoldsTheSameText) {
  const std::string text(100'000, 'x');
  HttpReply reply;
  reply.type = "application/json";
  reply.body = text;
  Compress("gzip", reply);
  EXPECT_LT(reply.body.size(), text.size() / 10);
  EXPECT_EQ(Uncompressed(reply.body), text);
  EXPECT_THAT(reply.headers, ElementsAre(Pair("Vary", "Accept-Encoding"),
                                         Pair("Content-Encoding", "gzip")));
}

TEST(CompressionTest, OnlyTextsAreCompressed) {
  for (const char* type : {"text/event-stream", "image/png", ""}) {
    HttpReply reply;
    reply.type = type;
    reply.body = "body";
    Compress("gzip", reply);
    EXPECT_EQ(reply.body, "body");
    EXPECT_THAT(reply.headers, IsEmpty());
  }
}

}  // namespace
}  // namespace clockwise
