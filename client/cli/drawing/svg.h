// An SVG picture as it grows: self-contained, on white, with colours and fonts
// of its own, so that it looks the same in a browser, in a slide and in print.
// Thread-compatible.
#ifndef CLOCKWISE_CLIENT_CLI_DRAWING_SVG_H_
#define CLOCKWISE_CLIENT_CLI_DRAWING_SVG_H_

#include <string>

#include "absl/strings/string_view.h"

namespace clockwise::cli {

// Colours of what is no data.
inline constexpr char kInk[] = "#1f2933";
inline constexpr char kFaintInk[] = "#5f6b7a";
inline constexpr char kPaper[] = "#ffffff";
inline constexpr char kRule[] = "#d9dee5";
inline constexpr char kTrack[] = "#e9ecf1";

struct Point {
  double x = 0;
  double y = 0;
};

struct Box {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
};

struct TextStyle {
  double size = 14;
  const char* fill = kInk;
  const char* anchor = "start";  // or middle, end
  bool bold = false;
};

class Svg {
 public:
  // `title` and `description` are what a screen reader tells.
  Svg(double width, double height, absl::string_view title,
      absl::string_view description);

  // Text may hold anything; it is made Printable and escaped.
  void Text(Point at, absl::string_view text, const TextStyle& style);
  void Rect(const Box& box, absl::string_view fill, double rounding = 0);
  void Frame(const Box& box, absl::string_view stroke, double rounding);
  void Circle(Point centre, double radius, absl::string_view stroke,
              double width);
  // A line, dashed if `dash` is not 0.
  void Line(Point from, Point to, absl::string_view stroke, double width,
            double dash = 0);
  // `path` in the language of an SVG path's d.
  void Stroke(absl::string_view path, absl::string_view stroke, double width);

  // The whole document. Nothing can be added after it.
  std::string Finish();

 private:
  std::string out_;
};

// `text` for the inside of an element or of an attribute. XML has no form for
// most control characters, so it is made Printable first.
std::string XmlText(absl::string_view text);

// A coordinate to a hundredth, without needless zeros.
std::string Number(double number);

}  // namespace clockwise::cli

#endif  // CLOCKWISE_CLIENT_CLI_DRAWING_SVG_H_
